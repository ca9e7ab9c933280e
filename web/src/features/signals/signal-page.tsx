/** One signal: what was sent, what was understood, and what became of it on the caller's accounts. */
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { buttonClass } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { PlanState, SignalState } from './decided-lists.tsx'
import { IntentList } from './intent-list.tsx'
import { MarkedText } from './marked-text.tsx'
import { PlanButtons, TraceLink, usePlanActs } from './plan-acts.tsx'
import { TimeLeft } from './plan-card.tsx'
import { type SignalDetail, signalQuery } from './queries.ts'
import { AccountName, Fact, Reasons, useAccount, useWords } from './words.tsx'

export function SignalPage() {
  const t = useTranslations('signals')
  const { signalId = '' } = useParams({ strict: false })
  const signal = useQuery(signalQuery(signalId))
  return (
    <div className="flex flex-col gap-4">
      <PageTitle
        actions={
          <>
            <Link to="/signals" search={{ tab: 'all' }} className={buttonClass()}>
              {t('detail.back')}
            </Link>
            {signal.data ? (
              <Link
                to="/traces/$traceId"
                params={{ traceId: signal.data.trace_id }}
                className={buttonClass({ kind: 'primary' })}
              >
                {t('openTrace')}
              </Link>
            ) : null}
          </>
        }
      >
        {t('detail.title')}
      </PageTitle>
      {signal.data ? (
        <QueryView query={signal}>{(data) => <Detail signal={data} />}</QueryView>
      ) : (
        <Panel title={t('detail.message')}>
          <QueryView query={signal}>{() => null}</QueryView>
        </Panel>
      )}
    </div>
  )
}

function Detail({ signal }: { signal: SignalDetail }) {
  const t = useTranslations('signals')
  const { phrase, share } = useWords()
  return (
    <>
      <OwnPlans signal={signal} />
      <div className="grid gap-4 xl:grid-cols-2">
        <Panel title={t('detail.message')}>
          <MarkedText text={signal.text} spans={signal.spans} />
        </Panel>
        <Panel title={t('detail.story')}>
          <dl className="grid grid-cols-2 gap-3 px-4 py-3">
            <Fact name={t('state')}>
              <SignalState state={signal.state} />
            </Fact>
            <Fact name={t('source')}>{signal.source_name ?? t('unknownSource')}</Fact>
            <Fact name={t('detail.received')}>
              <DateTime at={signal.received_at} className="whitespace-normal" />
            </Fact>
            <Fact name={t('detail.signalTime')}>
              <DateTime at={signal.signal_at} className="whitespace-normal" />
            </Fact>
            <Fact name={t('detail.tooOld')}>
              <DateTime at={signal.expires_at} className="whitespace-normal" />
            </Fact>
            <Fact name={t('detail.dialect')}>{t(`dialects.${signal.dialect}`)}</Fact>
            <Fact name={t('detail.contentType')}>{signal.content_type || '–'}</Fact>
            <Fact name={t('detail.reached')}>{signal.plans}</Fact>
            <Fact name={t('confidence')}>
              <span className="numeric">{share(signal.confidence)}</span>
            </Fact>
            <Fact name={t('detail.reasons')}>
              {signal.reasons.length === 0 ? t('detail.noReasons') : <Reasons codes={signal.reasons} />}
            </Fact>
          </dl>
          {signal.is_demo ? <p className="px-4 pb-3 text-ink3 text-meta">{t('detail.demo')}</p> : null}
        </Panel>
        <Panel title={t('detail.read')}>
          {signal.intent ? (
            <>
              <p className="px-4 pt-3 font-semibold">{phrase(signal.intent)}</p>
              <IntentList intent={signal.intent} />
            </>
          ) : (
            <Empty
              action={
                <Link to="/follows" className={buttonClass()}>
                  {t('toFollows')}
                </Link>
              }
            >
              {t('detail.nothing')}
            </Empty>
          )}
        </Panel>
      </div>
    </>
  )
}

function OwnPlans({ signal }: { signal: SignalDetail }) {
  const t = useTranslations('signals')
  const acts = usePlanActs()
  return (
    <>
      {acts.notes}
      <Panel title={t('detail.plans')}>
        {signal.own_plans.length === 0 ? (
          <Empty
            action={
              <Link to="/follows" className={buttonClass()}>
                {t('toFollows')}
              </Link>
            }
          >
            {t('detail.noPlans')}
          </Empty>
        ) : (
          <ul className="divide-y divide-line">
            {signal.own_plans.map((plan) => (
              <PlanItem key={plan.id} plan={plan} acts={acts} />
            ))}
          </ul>
        )}
      </Panel>
    </>
  )
}

function PlanItem({
  plan,
  acts,
}: {
  plan: SignalDetail['own_plans'][number]
  acts: ReturnType<typeof usePlanActs>
}) {
  const t = useTranslations('signals')
  const { phrase } = useWords()
  const account = useAccount(plan.account_id)
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-medium">{phrase(plan.intent, plan, account?.currency)}</p>
        <AccountName id={plan.account_id} />
      </div>
      <div className="flex flex-col gap-1">
        <span className="flex flex-wrap gap-2">
          <PlanState state={plan.state} />
          {plan.state === 'pending' ? <TimeLeft until={plan.expires_at} /> : null}
          {plan.origin === 'person' ? <Badge>{t('detail.person')}</Badge> : null}
        </span>
        <span className="text-ink2 text-meta">
          <Reasons codes={plan.reason} />
        </span>
      </div>
      {plan.state === 'pending' ? (
        <PlanButtons plan={plan} acts={acts} />
      ) : (
        <TraceLink id={plan.trace_id}>{t('openTrace')}</TraceLink>
      )}
    </li>
  )
}
