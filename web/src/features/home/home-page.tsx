/** What a trader wants on opening: money, what needs me, what I hold, what works, what just happened. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import {
  accountsQuery,
  onboardingQuery,
  openOrdersQuery,
  pendingPlansQuery,
  portfolioQuery,
  positionsQuery,
} from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { buttonClass } from '@/components/button.tsx'
import { Change, DateTime, Figure, Price, Time } from '@/components/figures.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { useWatch } from '@/realtime/provider.tsx'

const TOP = 10

export function HomePage() {
  const t = useTranslations('home')
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <Checklist />
      <Accounts />
      <div className="grid gap-4 xl:grid-cols-2">
        <Review />
        <Arrivals />
        <Positions />
        <Orders />
        <Fills />
      </div>
    </div>
  )
}

function Accounts() {
  const t = useTranslations('home')
  const portfolio = useQuery(portfolioQuery)
  return (
    <Panel title={t('equity')}>
      <QueryView query={portfolio} rows={2}>
        {({ accounts }) =>
          accounts.length === 0 ? (
            <Empty
              action={
                <Link to="/connections" className={buttonClass({ kind: 'primary' })}>
                  {t('openAccount')}
                </Link>
              }
            >
              {t('noAccounts')}
            </Empty>
          ) : (
            <ul className="divide-y divide-line">
              {accounts.map((account) => (
                <li
                  key={account.account_id}
                  className="grid grid-cols-2 gap-x-6 gap-y-2 px-4 py-3 md:grid-cols-5"
                >
                  <div className="max-md:col-span-2">
                    <div className="flex items-center gap-2 font-medium">
                      {account.label}
                      <PaperBadge isPaper={account.is_paper} />
                    </div>
                    <p className="text-ink3 text-meta">
                      <DateTime at={account.balance_at} />
                    </p>
                    {account.is_complete ? null : <p className="text-meta text-warn">{t('incomplete')}</p>}
                  </div>
                  <Stat label={t('equity')} strong>
                    <Figure value={account.equity} decimals={2} /> {account.currency}
                  </Stat>
                  <Stat label={t('today')}>
                    <Change value={account.day_pnl} decimals={2} />
                  </Stat>
                  <Stat label={t('unrealized')}>
                    <Change value={account.unrealized_pnl} decimals={2} />
                  </Stat>
                  <Stat label={t('buyingPower')}>
                    <Figure value={account.buying_power} decimals={2} />
                  </Stat>
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
    </Panel>
  )
}

function Stat({ label, strong, children }: { label: string; strong?: boolean; children: React.ReactNode }) {
  return (
    <div>
      <p className="text-ink3 text-meta">{label}</p>
      <p className={strong ? 'font-semibold text-figure' : 'text-figure'}>{children}</p>
    </div>
  )
}

export function PaperBadge({ isPaper }: { isPaper: boolean }) {
  const t = useTranslations('app')
  return <Badge tone={isPaper ? 'accent' : 'bad'}>{isPaper ? t('paper') : t('live')}</Badge>
}

function Review() {
  const t = useTranslations('home')
  const plans = useQuery(pendingPlansQuery)
  return (
    <Panel
      title={t('review')}
      actions={
        <Link to="/signals" className={buttonClass({ size: 'small' })}>
          {t('openSignals')}
        </Link>
      }
    >
      <QueryView query={plans}>
        {(items) =>
          items.length === 0 ? (
            <Empty>{t('nothingToReview')}</Empty>
          ) : (
            <Table
              label={t('review')}
              head={
                <>
                  <Th>{t('symbol')}</Th>
                  <Th>{t('side')}</Th>
                  <Th>{t('source')}</Th>
                  <Th right>{t('at')}</Th>
                </>
              }
            >
              {items.slice(0, TOP).map((plan) => (
                <tr key={plan.id}>
                  <Td>
                    <Link
                      to="/signals/$signalId"
                      params={{ signalId: plan.signal_id }}
                      className="font-medium text-accent underline"
                    >
                      {plan.intent.symbol ?? plan.intent.action}
                    </Link>
                  </Td>
                  <Td>{plan.intent.action.replace('_', ' ')}</Td>
                  <Td>{plan.source_name}</Td>
                  <Td right>
                    <Time at={plan.created_at} />
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  )
}

const arrivalsQuery = {
  queryKey: ['signals', 'newest'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/signals', { params: { query: { limit: TOP } } }))).items,
} as const

function Arrivals() {
  const t = useTranslations('home')
  const signals = useQuery(arrivalsQuery)
  return (
    <Panel title={t('arrivals')}>
      <QueryView query={signals}>
        {(items) =>
          items.length === 0 ? (
            <Empty
              action={
                <Link to="/follows" className={buttonClass()}>
                  {t('toFollows')}
                </Link>
              }
            >
              {t('noArrivals')}
            </Empty>
          ) : (
            <Table
              label={t('arrivals')}
              head={
                <>
                  <Th>{t('symbol')}</Th>
                  <Th>{t('state')}</Th>
                  <Th>{t('source')}</Th>
                  <Th right>{t('at')}</Th>
                </>
              }
            >
              {items.map((signal) => (
                <tr key={signal.id}>
                  <Td>
                    <Link
                      to="/signals/$signalId"
                      params={{ signalId: signal.id }}
                      className="font-medium text-accent underline"
                    >
                      {signal.intent?.symbol ?? signal.intent?.action ?? t('text')}
                    </Link>
                  </Td>
                  <Td>{signal.state}</Td>
                  <Td>{signal.source_name}</Td>
                  <Td right>
                    <Time at={signal.received_at} />
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  )
}

function Positions() {
  const t = useTranslations('home')
  const positions = useQuery(positionsQuery)
  useWatch(positions.data?.items.map((position) => position.symbol) ?? [])
  return (
    <Panel title={t('positions')}>
      <QueryView query={positions}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t('noPositions')}</Empty>
          ) : (
            <Table
              label={t('positions')}
              head={
                <>
                  <Th>{t('symbol')}</Th>
                  <Th right>{t('quantity')}</Th>
                  <Th right>{t('price')}</Th>
                  <Th right>{t('value')}</Th>
                  <Th right>{t('pnl')}</Th>
                </>
              }
            >
              {items.slice(0, TOP).map((position) => (
                <tr key={`${position.account_id}${position.symbol}`}>
                  <Td className="font-medium">{position.symbol}</Td>
                  <Td right>
                    <Figure value={position.quantity} />
                  </Td>
                  <Td right>
                    <Price value={position.price} ageMs={position.price_age_ms} />
                  </Td>
                  <Td right>
                    <Figure value={position.market_value} decimals={2} />
                  </Td>
                  <Td right>
                    <Change value={position.unrealized_pnl} decimals={2} />
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  )
}

function Orders() {
  const t = useTranslations('home')
  const orders = useQuery(openOrdersQuery)
  return (
    <Panel title={t('orders')}>
      <QueryView query={orders}>
        {(items) =>
          items.length === 0 ? (
            <Empty>{t('noOrders')}</Empty>
          ) : (
            <Table
              label={t('orders')}
              head={
                <>
                  <Th>{t('symbol')}</Th>
                  <Th>{t('side')}</Th>
                  <Th>{t('type')}</Th>
                  <Th right>{t('quantity')}</Th>
                  <Th>{t('state')}</Th>
                </>
              }
            >
              {items.slice(0, TOP).map((order) => (
                <tr key={order.id}>
                  <Td className="font-medium">{order.symbol}</Td>
                  <Td>{order.side}</Td>
                  <Td>{order.order_type}</Td>
                  <Td right>
                    <Figure value={order.quantity} />
                  </Td>
                  <Td>{order.state}</Td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  )
}

const fillsQuery = {
  queryKey: ['executions', 'newest'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/executions', { params: { query: { limit: TOP } } }))).items,
} as const

function Fills() {
  const t = useTranslations('home')
  const fills = useQuery(fillsQuery)
  return (
    <Panel title={t('fills')}>
      <QueryView query={fills}>
        {(items) =>
          items.length === 0 ? (
            <Empty>{t('noFills')}</Empty>
          ) : (
            <Table
              label={t('fills')}
              head={
                <>
                  <Th>{t('symbol')}</Th>
                  <Th>{t('side')}</Th>
                  <Th right>{t('quantity')}</Th>
                  <Th right>{t('price')}</Th>
                  <Th right>{t('at')}</Th>
                </>
              }
            >
              {items.map((fill) => (
                <tr key={fill.id}>
                  <Td className="font-medium">{fill.symbol}</Td>
                  <Td>{fill.side}</Td>
                  <Td right>
                    <Figure value={fill.quantity} />
                  </Td>
                  <Td right>
                    <Figure value={fill.price} />
                  </Td>
                  <Td right>
                    <Time at={fill.executed_at} />
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  )
}

/** Shown until a newcomer has what trading needs. */
function Checklist() {
  const t = useTranslations('home')
  const onboarding = useQuery(onboardingQuery)
  const accounts = useQuery(accountsQuery)
  const follows = useQuery({
    queryKey: ['follows'],
    queryFn: async () =>
      (await unwrap(api.GET('/api/v1/follows', { params: { query: { limit: 50 } } }))).items,
  })
  if (!onboarding.data || !accounts.data || !follows.data) return null
  const steps = [
    { text: t('step1'), done: onboarding.data.may_trade, to: '/onboarding' },
    { text: t('step2'), done: accounts.data.some((a) => a.state === 'active'), to: '/connections' },
    { text: t('step3'), done: follows.data.some((f) => f.state === 'active'), to: '/follows' },
  ] as const
  if (steps.every((step) => step.done)) return null
  return (
    <Panel title={t('checklist')}>
      <ol className="divide-y divide-line">
        {steps.map((step, index) => (
          <li key={step.to} className="flex min-h-11 flex-wrap items-center gap-3 px-4 py-1">
            <span className="numeric text-ink3">{index + 1}</span>
            <span className="flex-1">{step.text}</span>
            {step.done ? (
              <Badge tone="good">{t('done')}</Badge>
            ) : (
              <Link to={step.to} className={buttonClass({ size: 'small' })}>
                {t('goThere')}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  )
}
