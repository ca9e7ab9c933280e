/** A list that arrives page by page, in each of its states; what is known stays in view. */
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { ErrorNote, Skeleton } from '@/components/states.tsx'

export interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

export function Paged<T>({
  query,
  empty,
  children,
}: {
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>
  empty: ReactNode
  children: (items: T[]) => ReactNode
}) {
  const common = useTranslations('common')
  const t = useTranslations('audit')
  const retry = () => void (query.isFetchNextPageError ? query.fetchNextPage() : query.refetch())
  if (query.data === undefined) {
    return query.isError ? <ErrorNote error={query.error} retry={retry} /> : <Skeleton rows={4} />
  }
  const items = query.data.pages.flatMap((page) => page.items)
  return (
    <>
      {items.length === 0 ? empty : children(items)}
      {query.isError ? <ErrorNote error={query.error} retry={retry} /> : null}
      <div className="flex flex-wrap items-center justify-between gap-2 border-line border-t px-4 py-2">
        <p className="text-ink3 text-meta">
          {t('readAt')} <DateTime at={new Date(query.dataUpdatedAt).toISOString()} />
        </p>
        <div className="flex gap-2">
          <Button size="small" disabled={query.isFetching} onClick={() => void query.refetch()}>
            {common('refresh')}
          </Button>
          {query.hasNextPage ? (
            <Button
              size="small"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              {common('more')}
            </Button>
          ) : null}
        </div>
      </div>
    </>
  )
}
