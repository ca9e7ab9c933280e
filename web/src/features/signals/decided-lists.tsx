/** Plans that are decided, and every signal that arrived. */
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { buttonClass } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { PagesView } from './paging.tsx'
import { TraceLink } from './plan-acts.tsx'
import { type Signal, usePlans, useSignals } from './queries.ts'
import { AccountName, Reasons, useAccount, useWords } from './words.tsx'

type State = Schemas['PlanState']

export const STATES = {
  approved: ['approved', 'executed', 'done'],
  ignored: ['ignored'],
  expired: ['expired'],
  refused: ['refused'],
} as const satisfies Record<string, readonly State[]>

const TONES = {
  pending: 'warn',
  approved: 'accent',
  executed: 'good',
  done: 'good',
  ignored: 'neutral',
  expired: 'neutral',
  refused: 'bad',
} as const satisfies Record<State, string>

export function PlanState({ state }: { state: State }) {
  const t = useTranslations('signals')
  return <Badge tone={TONES[state]}>{t(`planStates.${state}`)}</Badge>
}

export function DecidedPlans({ tab }: { tab: keyof typeof STATES }) {
  const t = useTranslations('signals')
  const plans = usePlans(STATES[tab])
  return (
    <Panel title={t(`tabs.${tab}`)}>
      <PagesView query={plans}>
        {(items) =>
          items.length === 0 ? (
            <Empty
              action={
                <Link to="/signals" className={buttonClass()}>
                  {t('toPending')}
                </Link>
              }
            >
              {t(`empty.${tab}`)}
            </Empty>
          ) : (
            <PlanTable label={t(`tabs.${tab}`)} plans={items} />
          )
        }
      </PagesView>
    </Panel>
  )
}

function PlanTable({ label, plans }: { label: string; plans: Plan[] }) {
  const t = useTranslations('signals')
  return (
    <Table
      label={label}
      head={
        <>
          <Th>{t('what')}</Th>
          <Th>{t('state')}</Th>
          <Th>{t('reason')}</Th>
          <Th>{t('account')}</Th>
          <Th>{t('source')}</Th>
          <Th right>{t('at')}</Th>
          <Th>{t('openTrace')}</Th>
        </>
      }
    >
      {plans.map((plan) => (
        <PlanRow key={plan.id} plan={plan} />
      ))}
    </Table>
  )
}

function PlanRow({ plan }: { plan: Plan }) {
  const t = useTranslations('signals')
  const { phrase } = useWords()
  const account = useAccount(plan.account_id)
  const what = phrase(plan.intent, plan, account?.currency)
  return (
    <tr>
      <Td>
        <SignalLink id={plan.signal_id}>{what}</SignalLink>
      </Td>
      <Td>
        <PlanState state={plan.state} />
      </Td>
      <Td className="min-w-48 whitespace-normal">
        <Reasons codes={plan.reason} />
      </Td>
      <Td>
        <AccountName id={plan.account_id} />
      </Td>
      <Td>{plan.source_name ?? t('unknownSource')}</Td>
      <Td right>
        <DateTime at={plan.decided_at ?? plan.created_at} />
      </Td>
      <Td>
        <TraceLink id={plan.trace_id} label={t('openTraceOf', { what })}>
          {t('openTrace')}
        </TraceLink>
      </Td>
    </tr>
  )
}

export function SignalLink({ id, children }: { id: string; children: React.ReactNode }) {
  return (
    <Link
      to="/signals/$signalId"
      params={{ signalId: id }}
      className="inline-flex min-h-6 items-center font-medium text-accent underline"
    >
      {children}
    </Link>
  )
}

export function AllSignals() {
  const t = useTranslations('signals')
  const signals = useSignals()
  return (
    <Panel title={t('tabs.all')}>
      <PagesView query={signals}>
        {(items) =>
          items.length === 0 ? (
            <Empty
              action={
                <Link to="/follows" className={buttonClass({ kind: 'primary' })}>
                  {t('sendTest')}
                </Link>
              }
            >
              {t('empty.all')}
            </Empty>
          ) : (
            <Table
              label={t('tabs.all')}
              head={
                <>
                  <Th>{t('what')}</Th>
                  <Th>{t('state')}</Th>
                  <Th right>{t('confidence')}</Th>
                  <Th>{t('reason')}</Th>
                  <Th>{t('source')}</Th>
                  <Th right>{t('at')}</Th>
                  <Th>{t('openTrace')}</Th>
                </>
              }
            >
              {items.map((signal) => (
                <SignalRow key={signal.id} signal={signal} />
              ))}
            </Table>
          )
        }
      </PagesView>
    </Panel>
  )
}

export function SignalState({ state }: { state: Signal['state'] }) {
  const t = useTranslations('signals')
  const tone = state === 'accepted' ? 'good' : state === 'unreadable' ? 'bad' : 'neutral'
  return <Badge tone={tone}>{t(`signalStates.${state}`)}</Badge>
}

function SignalRow({ signal }: { signal: Signal }) {
  const t = useTranslations('signals')
  const { phrase, share } = useWords()
  const what = signal.intent ? phrase(signal.intent) : t(`dialects.${signal.dialect}`)
  return (
    <tr>
      <Td>
        <SignalLink id={signal.id}>{what}</SignalLink>
      </Td>
      <Td>
        <SignalState state={signal.state} />
      </Td>
      <Td right>{share(signal.confidence)}</Td>
      <Td className="min-w-56 whitespace-normal">
        <Reasons codes={signal.reasons} />
      </Td>
      <Td>{signal.source_name ?? t('unknownSource')}</Td>
      <Td right>
        <DateTime at={signal.received_at} />
      </Td>
      <Td>
        <TraceLink id={signal.trace_id} label={t('openTraceOf', { what })}>
          {t('openTrace')}
        </TraceLink>
      </Td>
    </tr>
  )
}
