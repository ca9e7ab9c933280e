/** The key that signs, and what it signed. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { CheckField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Paged } from './paged.tsx'
import { Exact, Opening } from './parts.tsx'
import { keyQuery } from './queries.ts'

export function KeyPanel() {
  const t = useTranslations('audit')
  const key = useQuery(keyQuery)
  return (
    <Panel title={t('keyTitle')}>
      <QueryView query={key}>
        {({ origin, public_key }) => (
          <div className="flex flex-col gap-3 px-4 py-3">
            <p className="text-ink2">{t('keyText')}</p>
            <dl className="flex flex-col gap-3">
              <Exact label={t('publicKey')}>{public_key}</Exact>
              <Exact label={t('origin')}>{origin}</Exact>
            </dl>
          </div>
        )}
      </QueryView>
    </Panel>
  )
}

export function CheckpointsPanel() {
  const t = useTranslations('audit')
  const [daily, setDaily] = useState(true)
  const checkpoints = useInfiniteQuery({
    queryKey: ['audit', 'checkpoints', daily],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET('/api/v1/audit/checkpoints', {
          params: { query: { daily, limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  })
  return (
    <Panel title={t('checkpoints')}>
      <div className="flex flex-col gap-3 border-line border-b px-4 py-3">
        <p className="max-w-prose text-ink2">{t('checkpointsText')}</p>
        <CheckField
          label={t('dailyOnly')}
          checked={daily}
          onChange={(event) => setDaily(event.target.checked)}
        />
      </div>
      <Paged query={checkpoints} empty={<Empty>{t('noCheckpoints')}</Empty>}>
        {(items) => (
          <ul aria-label={t('checkpoints')}>
            {items.map((checkpoint) => (
              <li key={checkpoint.size} className="border-line border-t first:border-t-0">
                <Opening
                  summary={
                    <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-4 gap-y-1 text-table">
                      <DateTime at={checkpoint.at} />
                      <span className="numeric">{t('covers', { size: checkpoint.size })}</span>
                      {checkpoint.daily ? <Badge>{t('daily')}</Badge> : null}
                    </span>
                  }
                >
                  {() => (
                    <dl className="flex flex-col gap-3">
                      <Exact label={t('root')}>{checkpoint.root}</Exact>
                      <Exact label={t('note')}>
                        <span className="whitespace-pre-wrap">{checkpoint.note}</span>
                      </Exact>
                    </dl>
                  )}
                </Opening>
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </Panel>
  )
}
