/** Questions about limits, states and rules. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'

export type Limit = Schemas['LimitRead']
export type Limits = Schemas['LimitsRead']
export type Layer = Schemas['LayerRead']
export type LayerValues = Schemas['LayerValues']
export type Change = Schemas['LimitChangeRead']
export type State = Schemas['StateRead']
export type Rule = Schemas['RuleRead']
/** Scopes whose limits and states are one's own. */
export type OwnScope = 'user' | 'account' | 'source'

const ROWS = 20
/** A raise comes into force by time alone, without an event. */
const LIMITS_EVERY = 30_000

export function limitsQuery(account: string) {
  return queryOptions({
    queryKey: ['risk', 'limits', { account }],
    queryFn: () =>
      unwrap(api.GET('/api/v1/risk/limits', { params: { query: account ? { account_id: account } : {} } })),
    refetchInterval: LIMITS_EVERY,
  })
}

export const historyQuery = infiniteQueryOptions({
  queryKey: ['risk', 'history'],
  initialPageParam: null as string | null,
  queryFn: ({ pageParam }) =>
    unwrap(
      api.GET('/api/v1/risk/limits/history', {
        params: { query: { limit: ROWS, ...(pageParam ? { cursor: pageParam } : {}) } },
      }),
    ),
  getNextPageParam: (last) => last.next_cursor,
})

export const statesQuery = queryOptions({
  queryKey: ['risk', 'state'],
  queryFn: () => unwrap(api.GET('/api/v1/risk/state')),
})

export const rulesQuery = queryOptions({
  queryKey: ['risk', 'rules'],
  queryFn: () => unwrap(api.GET('/api/v1/risk/rules')),
  staleTime: 3_600_000,
})

export const sourcesQuery = queryOptions({
  queryKey: ['sources', 'own'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/sources', { params: { query: { limit: 200 } } }))).items,
})
