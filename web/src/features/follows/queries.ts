/** What these screens ask the server for. */
import { api, type Schemas, unwrap } from '@/api/client.ts'
import { usePages } from '@/features/signals/paging.tsx'

export type Source = Schemas['SourceRead']
export type SourceSecrets = Schemas['SourceSecrets']
export type Follow = Schemas['FollowRead']
export type FollowSettings = Schemas['FollowUpdate']

const PAGE = 100

function closedLast(a: { state: string }, b: { state: string }): number {
  return Number(a.state === 'closed') - Number(b.state === 'closed')
}

export function useSources(kind: 'own' | 'public') {
  return usePages<Source>(
    ['sources', kind],
    [kind],
    (_, cursor) =>
      unwrap(
        api.GET('/api/v1/sources', {
          params: { query: { public: kind === 'public', limit: PAGE, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    closedLast,
  )
}

export function useFollows() {
  return usePages<Follow>(
    ['follows', 'list'],
    ['all'],
    (_, cursor) =>
      unwrap(
        api.GET('/api/v1/follows', { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } } }),
      ),
    closedLast,
  )
}
