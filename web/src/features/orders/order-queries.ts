/** Paged questions about orders, fills and verdicts. Keys begin so that the socket's events refresh them. */
import { infiniteQueryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'

export type Fill = Schemas['ExecutionRead']
export type Verdict = Schemas['VerdictRead']

const ROWS = 50
const VERDICT_ROWS = 200
/** Verdicts cannot be asked for by outcome: so many pages are looked through for one press. */
const VERDICT_PAGES = 5

export const OPEN_ROWS = 200

function optional<Name extends string>(name: Name, value: string | null): { [N in Name]?: string } {
  return value ? ({ [name]: value } as { [N in Name]?: string }) : {}
}

export function ordersQuery(account: string, symbol: string) {
  return infiniteQueryOptions({
    queryKey: ['orders', 'list', { account, symbol }],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET('/api/v1/orders', {
          params: {
            query: {
              limit: ROWS,
              ...optional('account_id', account),
              ...optional('symbol', symbol),
              ...optional('cursor', pageParam),
            },
          },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  })
}

export function fillsQuery(account: string) {
  return infiniteQueryOptions({
    queryKey: ['executions', 'list', { account }],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET('/api/v1/executions', {
          params: {
            query: { limit: ROWS, ...optional('account_id', account), ...optional('cursor', pageParam) },
          },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  })
}

/** Below `plans`, whose events tell of refusals. */
export function refusalsQuery(account: string) {
  return infiniteQueryOptions({
    queryKey: ['plans', 'refusals', { account }],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam }) => {
      let cursor = pageParam
      for (let page = 1; ; page += 1) {
        const found = await unwrap(
          api.GET('/api/v1/verdicts', {
            params: {
              query: {
                limit: VERDICT_ROWS,
                ...optional('account_id', account),
                ...optional('cursor', cursor),
              },
            },
          }),
        )
        const items = found.items.filter((verdict) => verdict.outcome === 'refused')
        cursor = found.next_cursor ?? null
        if (items.length > 0 || cursor === null || page === VERDICT_PAGES)
          return { items, next_cursor: cursor }
      }
    },
    getNextPageParam: (last) => last.next_cursor,
  })
}
