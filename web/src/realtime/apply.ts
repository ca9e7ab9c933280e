/** What each message does to what the screens show. The socket brings whole rows; nothing is added up here. */
import type { QueryClient } from '@tanstack/react-query'
import type { Order, Plan, Portfolio } from '@/api/queries.ts'
import {
  accountsQuery,
  killsQuery,
  openOrdersQuery,
  pendingPlansQuery,
  portfolioQuery,
  positionsQuery,
} from '@/api/queries.ts'
import type { ServerMessage } from './messages.ts'
import type { QuoteStore } from './quotes.ts'

type Handlers = {
  [Type in ServerMessage['type']]: (
    message: Extract<ServerMessage, { type: Type }>,
    client: QueryClient,
    quotes: QuoteStore,
  ) => void
}

const OPEN = new Set([
  'submitting',
  'unknown',
  'new',
  'partially_filled',
  'pending_cancel',
  'pending_replace',
  'quarantined',
])

/** What no event tells of, or what the server records being looked at: never asked for again by itself. */
const STILL = new Set(['me', 'admin', 'users', 'audit', 'legal', 'instruments'])

export function isLive(queryKey: readonly unknown[]): boolean {
  return !STILL.has(String(queryKey[0]))
}

const handlers: Handlers = {
  hello: () => {},
  heartbeat: () => {},
  gap: (_, client) => void client.invalidateQueries({ predicate: ({ queryKey }) => isLive(queryKey) }),
  snapshot: ({ data }, client) => {
    const topics: [string, readonly unknown[]][] = [
      ['portfolio', portfolioQuery.queryKey],
      ['positions', positionsQuery.queryKey],
      ['orders', openOrdersQuery.queryKey],
      ['plans', pendingPlansQuery.queryKey],
      ['kills', killsQuery.queryKey],
    ]
    for (const [topic, key] of topics) if (data[topic] !== undefined) client.setQueryData(key, data[topic])
    // Lists that a snapshot does not hold may have moved on, too.
    void client.invalidateQueries({
      predicate: ({ queryKey }) => isLive(queryKey) && !topics.some(([, key]) => key === queryKey),
    })
  },
  live: ({ data }, client, quotes) => {
    quotes.put(data.quotes)
    if (data.accounts.length > 0) mergeLive(client, data.accounts)
  },
  event: ({ data }, client) => applyEvent(data.name, data.payload, client),
}

export function applyMessage(message: ServerMessage, client: QueryClient, quotes: QuoteStore): void {
  const handler = handlers[message.type] as (m: ServerMessage, c: QueryClient, q: QuoteStore) => void
  handler(message, client, quotes)
}

function applyEvent(name: string, payload: Record<string, unknown>, client: QueryClient): void {
  const [module] = name.split('.')
  switch (module) {
    case 'orders':
      putOrder(client, payload)
      // A signal of a source that one follows is announced to its owner alone: here its first order tells of it.
      if (payload['state'] === 'submitting') void client.invalidateQueries({ queryKey: ['signals'] })
      void client.invalidateQueries({ queryKey: ['orders', 'list'] })
      void client.invalidateQueries({ queryKey: ['orders', 'one', payload['order_id']] })
      void client.invalidateQueries({ queryKey: ['trace', payload['trace_id']] })
      break
    case 'executions':
      void client.invalidateQueries({ queryKey: ['executions'] })
      void client.invalidateQueries({ queryKey: portfolioQuery.queryKey })
      void client.invalidateQueries({ queryKey: ['trace', payload['trace_id']] })
      break
    case 'positions':
      void client.invalidateQueries({ queryKey: positionsQuery.queryKey })
      break
    case 'plans':
      client.setQueryData<Plan[]>(pendingPlansQuery.queryKey, (plans) =>
        name === 'plans.created' ? plans : plans?.filter((plan) => plan.id !== payload['plan_id']),
      )
      void client.invalidateQueries({ queryKey: ['plans'] })
      void client.invalidateQueries({ queryKey: ['trace', payload['trace_id']] })
      void client.invalidateQueries({ queryKey: ['signals'] })
      break
    case 'signals':
      void client.invalidateQueries({ queryKey: ['signals'] })
      break
    case 'kills':
    case 'kill':
      void client.invalidateQueries({ queryKey: killsQuery.queryKey })
      break
    case 'risk':
    case 'limits':
      void client.invalidateQueries({ queryKey: ['risk'] })
      break
    case 'accounts':
    case 'connections':
      void client.invalidateQueries({ queryKey: accountsQuery.queryKey })
      void client.invalidateQueries({ queryKey: ['connections'] })
      void client.invalidateQueries({ queryKey: portfolioQuery.queryKey })
      break
    case 'sources':
    case 'follows':
      void client.invalidateQueries({ queryKey: [module] })
      break
    default:
      void client.invalidateQueries({ queryKey: [module] })
  }
}

/** Puts a changed order where it belongs: among the open ones, or away from them. */
function putOrder(client: QueryClient, payload: Record<string, unknown>): void {
  const known = client.getQueryData<Order[]>(openOrdersQuery.queryKey)
  if (known === undefined) return
  const { order_id, ...fields } = payload
  const id = String(order_id)
  const rest = known.filter((order) => order.id !== id)
  const before = known.find((order) => order.id === id)
  if (!OPEN.has(String(payload['state']))) {
    client.setQueryData(openOrdersQuery.queryKey, rest)
  } else if (before) {
    client.setQueryData(openOrdersQuery.queryKey, [{ ...before, ...fields }, ...rest])
  } else {
    // The event does not hold the whole row of an order that is new here.
    void client.invalidateQueries({ queryKey: openOrdersQuery.queryKey })
  }
}

interface LiveAccount {
  account_id: string
  equity: string | null
  day_pnl: string | null
  unrealized_pnl: string | null
  market_value: string | null
  is_complete: boolean
  positions: {
    symbol: string
    price: string | null
    unrealized_pnl: string | null
    market_value: string | null
    priced_at: string | null
  }[]
}

function mergeLive(client: QueryClient, accounts: readonly Record<string, unknown>[]): void {
  const live = new Map((accounts as unknown as LiveAccount[]).map((account) => [account.account_id, account]))
  client.setQueryData<Portfolio>(portfolioQuery.queryKey, (portfolio) => {
    if (!portfolio) return portfolio
    return {
      ...portfolio,
      accounts: portfolio.accounts.map((account) => {
        const now = live.get(account.account_id)
        if (!now) return account
        const { equity, day_pnl, is_complete } = now
        return {
          ...account,
          equity,
          day_pnl,
          is_complete,
          unrealized_pnl: now.unrealized_pnl ?? account.unrealized_pnl,
          market_value: now.market_value ?? account.market_value,
        }
      }),
    }
  })
  client.setQueryData<{ items: import('@/api/queries.ts').Position[] } & Record<string, unknown>>(
    positionsQuery.queryKey,
    (list) => {
      if (!list) return list
      return {
        ...list,
        items: list.items.map((position) => {
          const now = live.get(position.account_id)?.positions.find((p) => p.symbol === position.symbol)
          return now
            ? {
                ...position,
                price: now.price,
                unrealized_pnl: now.unrealized_pnl,
                market_value: now.market_value,
                // The frame tells of every position when one price moves: each has an age of its own.
                price_age_ms: now.priced_at ? Math.max(0, Date.now() - Date.parse(now.priced_at)) : null,
              }
            : position
        }),
      }
    },
  )
}
