import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '@/api/client.ts'
import { type Step, spanOf } from './bars.ts'

const AGAIN = 60_000
const FILLS = 200

/** The venue's own bars: asked again each minute, so that the running one is put right. */
export function barsQuery(accountId: string, symbol: string, step: Step) {
  return queryOptions({
    queryKey: ['bars', accountId, symbol, step],
    queryFn: async () => {
      const query = { account_id: accountId, symbol, step, ...spanOf(step, Date.now()) }
      return (await unwrap(api.GET('/api/v1/bars', { params: { query } }))).items
    },
    refetchInterval: AGAIN,
    staleTime: 5_000,
  })
}

export function instrumentQuery(symbol: string) {
  return queryOptions({
    queryKey: ['instruments', 'one', symbol],
    queryFn: () => unwrap(api.GET('/api/v1/instruments/{symbol}', { params: { path: { symbol } } })),
    staleTime: 60_000,
  })
}

export function fillsQuery(accountId: string) {
  return queryOptions({
    queryKey: ['executions', 'chart', accountId],
    queryFn: async () => {
      const query = { account_id: accountId, limit: FILLS }
      return (await unwrap(api.GET('/api/v1/executions', { params: { query } }))).items
    },
  })
}
