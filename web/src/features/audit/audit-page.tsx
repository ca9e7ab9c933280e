/** What was decided about my money, and the means to check that nobody changed it since. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { CheckpointsPanel, KeyPanel } from './checkpoints.tsx'
import { EventList } from './event-list.tsx'
import { FilterForm, useFilters } from './filters.tsx'
import { Paged } from './paged.tsx'
import { CheckPanel, TakePanel } from './verify-panel.tsx'

export function AuditPage() {
  const t = useTranslations('audit')
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <p className="max-w-prose text-ink2">{t('intro')}</p>
      <CheckPanel />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <TakePanel />
        <KeyPanel />
      </div>
      <EventsPanel />
      <CheckpointsPanel />
    </div>
  )
}

function EventsPanel() {
  const t = useTranslations('audit')
  const me = useQuery(meQuery)
  const [filters, apply] = useFilters()
  const filtered = Object.keys(filters).length > 0
  const events = useInfiniteQuery({
    queryKey: ['audit', 'events', filters],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET('/api/v1/audit/events', {
          params: { query: { ...filters, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  })
  return (
    <Panel title={t('events')}>
      <FilterForm key={JSON.stringify(filters)} filters={filters} apply={apply} />
      <QueryView query={me}>
        {({ id }) => (
          <Paged
            query={events}
            empty={
              <Empty action={filtered ? <Button onClick={() => apply({})}>{t('clear')}</Button> : undefined}>
                {filtered ? t('noEvents') : t('noEventsAtAll')}
              </Empty>
            }
          >
            {(items) => <EventList events={items} chainId={id} />}
          </Paged>
        )}
      </QueryView>
    </Panel>
  )
}
