/** What these screens ask the server for. */
import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { usePages } from './paging.tsx'

export type Signal = Schemas['SignalRead']
export type SignalDetail = Schemas['SignalDetail']
export type Intent = Schemas['IntentRead']
export type Timeline = Schemas['Timeline']
export type Step = Schemas['TimelineStep']

const PAGE = 50

/** Decided plans in one of several states, newest first. */
export function usePlans(states: readonly Schemas['PlanState'][]) {
  return usePages<Plan>(
    ['plans', 'list', ...states],
    states,
    (state, cursor) =>
      unwrap(
        api.GET('/api/v1/plans', {
          params: {
            query: { state: state as Schemas['PlanState'], limit: PAGE, ...(cursor ? { cursor } : {}) },
          },
        }),
      ),
    (a, b) => b.created_at.localeCompare(a.created_at),
  )
}

export function useSignals() {
  return usePages<Signal>(['signals', 'list'], ['all'], (_, cursor) =>
    unwrap(api.GET('/api/v1/signals', { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } } })),
  )
}

export function signalQuery(id: string) {
  return queryOptions({
    queryKey: ['signals', 'one', id],
    queryFn: () => unwrap(api.GET('/api/v1/signals/{signal_id}', { params: { path: { signal_id: id } } })),
  })
}

export function traceQuery(id: string) {
  return queryOptions({
    queryKey: ['trace', id],
    queryFn: () => unwrap(api.GET('/api/v1/traces/{trace_id}', { params: { path: { trace_id: id } } })),
  })
}
