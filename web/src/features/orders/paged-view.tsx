/** A paged list in each of its states, with the way to its next page. */
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { ErrorNote, Skeleton } from '@/components/states.tsx'

interface Page<Row> {
  items: Row[]
  next_cursor?: string | null
}

export function PagedView<Row>({
  query,
  children,
}: {
  query: UseInfiniteQueryResult<InfiniteData<Page<Row>>>
  children: (rows: Row[]) => ReactNode
}) {
  const t = useTranslations('common')
  const failed = query.isError ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : null
  if (!query.data) return failed ?? <Skeleton rows={5} />
  return (
    <>
      {failed}
      {children(query.data.pages.flatMap((page) => page.items))}
      {query.hasNextPage ? (
        <div className="border-line border-t px-4 py-3">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? t('loading') : t('more')}
          </Button>
        </div>
      ) : null}
    </>
  )
}
