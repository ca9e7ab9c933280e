/** Lists that the server gives in pages, with one button for the next. */
import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { ErrorNote, Skeleton } from '@/components/states.tsx'

/** Asks several lists side by side and shows them as one; each goes on until it has no next page. */
export function usePages<T>(
  key: QueryKey,
  lists: readonly string[],
  ask: (list: string, cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
  order?: (a: T, b: T) => number,
) {
  return useInfiniteQuery({
    queryKey: key,
    initialPageParam: Object.fromEntries(lists.map((list) => [list, undefined])) as Record<
      string,
      string | undefined
    >,
    queryFn: async ({ pageParam }) => {
      const names = Object.keys(pageParam)
      const pages = await Promise.all(names.map((name) => ask(name, pageParam[name])))
      const next: Record<string, string> = {}
      for (const [index, page] of pages.entries()) {
        const name = names[index]
        if (name !== undefined && page.next_cursor) next[name] = page.next_cursor
      }
      return { items: pages.flatMap((page) => page.items), next }
    },
    getNextPageParam: (last): Record<string, string | undefined> | undefined =>
      Object.keys(last.next).length > 0 ? last.next : undefined,
    select: (data) => {
      const items = data.pages.flatMap((page) => page.items)
      return order ? items.sort(order) : items
    },
  })
}

type Pages<T> = ReturnType<typeof usePages<T>>

/** As `QueryView`, for pages. */
export function PagesView<T>({ query, children }: { query: Pages<T>; children: (items: T[]) => ReactNode }) {
  const t = useTranslations('common')
  const failed = query.isError ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : null
  if (query.data === undefined) return failed ?? <Skeleton />
  return (
    <>
      {failed}
      {children(query.data)}
      {query.hasNextPage ? (
        <div className="border-line border-t px-4 py-3">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('more')}
          </Button>
        </div>
      ) : null}
    </>
  )
}
