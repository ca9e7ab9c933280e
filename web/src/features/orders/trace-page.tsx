/** Everything that became of one signal, step by step, followed while it goes on. */
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { LoaderCircle } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { buttonClass } from '@/components/button.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { type Step, type Timeline, traceQuery } from '@/features/signals/queries.ts'
import { useAccount } from '@/features/signals/words.tsx'
import { isOver, textOf } from './trace-facts.ts'
import { TraceStep } from './trace-step.tsx'

const POLL_EVERY = 2_000
/** A protective stop may rest for days: what moves that slowly is looked at less often, and the socket tells of it. */
const QUIET_AFTER = 300_000
const QUIET_POLL = 10_000

function pollEvery(timeline: Timeline | undefined): number | false {
  if (!timeline) return false
  if (isOver(timeline.steps)) return false
  const last = timeline.steps.at(-1)
  return last && Date.now() - Date.parse(last.at) > QUIET_AFTER ? QUIET_POLL : POLL_EVERY
}

export function TracePage() {
  const t = useTranslations('signals')
  const { traceId = '' } = useParams({ strict: false })
  const trace = useQuery({
    ...traceQuery(traceId),
    refetchInterval: ({ state }) => pollEvery(state.data),
  })
  const steps = trace.data?.steps ?? []
  const signalId = textOf(steps.find((step) => step.step === 'received')?.data['signal_id'])
  return (
    <div className="flex flex-col gap-4">
      <PageTitle
        actions={
          signalId ? (
            <Link to="/signals/$signalId" params={{ signalId }} className={buttonClass()}>
              {t('trace.openSignal')}
            </Link>
          ) : null
        }
      >
        {t('trace.title')}
      </PageTitle>
      <p role="status" className="flex min-h-5 items-center gap-2 text-ink2">
        {steps.length === 0 ? null : isOver(steps) ? (
          t('trace.ended')
        ) : (
          <>
            <LoaderCircle aria-hidden="true" className="size-4 animate-spin text-accent" />
            {t('trace.following')}
          </>
        )}
      </p>
      {trace.data && steps.length > 0 ? (
        <QueryView query={trace}>{(data) => <Groups steps={data.steps} />}</QueryView>
      ) : (
        <Panel title={t('trace.steps')}>
          <QueryView query={trace}>
            {() => (
              <Empty
                action={
                  <Link to="/signals" search={{ tab: 'all' }} className={buttonClass()}>
                    {t('detail.back')}
                  </Link>
                }
              >
                {t('trace.noSteps')}
              </Empty>
            )}
          </QueryView>
        </Panel>
      )}
    </div>
  )
}

function Groups({ steps }: { steps: readonly Step[] }) {
  const t = useTranslations('signals')
  const first = steps[0]?.at ?? ''
  const accounts = [...new Set(steps.flatMap((step) => (step.account_id ? [step.account_id] : [])))]
  if (accounts.length < 2)
    return (
      <Panel title={t('trace.steps')}>
        <Steps steps={steps} first={first} withAccount />
      </Panel>
    )
  return (
    <>
      <Panel title={t('trace.signalPart')}>
        <Steps steps={steps.filter((step) => !step.account_id)} first={first} />
      </Panel>
      {accounts.map((id) => (
        <AccountPanel key={id} id={id} first={first} steps={steps.filter((step) => step.account_id === id)} />
      ))}
    </>
  )
}

function AccountPanel({ id, steps, first }: { id: string; steps: readonly Step[]; first: string }) {
  const t = useTranslations('signals')
  const app = useTranslations('app')
  const account = useAccount(id)
  const title = account
    ? `${account.label} · ${account.is_paper ? app('paper') : app('live')}`
    : `${t('unknownAccount')} · ${id.slice(-6)}`
  return (
    <Panel title={title}>
      <Steps steps={steps} first={first} />
    </Panel>
  )
}

function Steps({
  steps,
  first,
  withAccount = false,
}: {
  steps: readonly Step[]
  first: string
  withAccount?: boolean
}) {
  return (
    <ol className="divide-y divide-line">
      {steps.map((step, index) => (
        <TraceStep
          // Steps are only ever added behind those that are known.
          // biome-ignore lint/suspicious/noArrayIndexKey: two steps may be alike but for their place
          key={`${step.at}${step.step}${index}`}
          step={step}
          first={first}
          withAccount={withAccount}
        />
      ))}
    </ol>
  )
}
