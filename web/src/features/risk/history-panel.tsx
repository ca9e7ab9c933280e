/** Every change of the person's limits, newest first. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { PagedView } from '@/features/orders/paged-view.tsx'
import { differences, given, isSame, valueIn } from './limit-values.ts'
import type { Subject } from './limits-panel.tsx'
import { type Change, historyQuery, type Limit, limitsQuery } from './risk-queries.ts'
import { useLimitWords, useWho } from './words.ts'

export function HistoryPanel({ subjects }: { subjects: readonly Subject[] }) {
  const t = useTranslations('risk')
  const who = useWho()
  const history = useInfiniteQuery(historyQuery)
  // Units and directions of the limits stand with the limits.
  const limits = useQuery(limitsQuery(''))
  return (
    <Panel title={t('history')}>
      <PagedView query={history}>
        {(changes) =>
          changes.length === 0 ? (
            <Empty>{t('noHistory')}</Empty>
          ) : (
            <Table
              label={t('history')}
              head={
                <>
                  <Th>{t('changeAt')}</Th>
                  <Th>{t('subject')}</Th>
                  <Th>{t('change')}</Th>
                  <Th>{t('changeKind')}</Th>
                  <Th>{t('by')}</Th>
                  <Th>{t('effective')}</Th>
                </>
              }
            >
              {changes.map((change) => (
                <tr key={change.id}>
                  <Td>
                    <DateTime at={change.changed_at} />
                  </Td>
                  <Td>
                    {subjects.find((s) => s.scope === change.scope && s.id === change.subject)?.name ??
                      t(`layers.${change.scope}`)}
                  </Td>
                  <Td className="min-w-64 whitespace-normal py-1">
                    <Changed change={change} limits={limits.data?.limits ?? []} />
                  </Td>
                  <Td>
                    <Badge tone={change.is_raise ? 'warn' : 'neutral'}>
                      {change.is_raise ? t('raise') : t('tightening')}
                    </Badge>
                  </Td>
                  <Td>{who(change.changed_by)}</Td>
                  <Td>
                    <DateTime at={change.effective_at} />
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </PagedView>
    </Panel>
  )
}

function Changed({ change, limits }: { change: Change; limits: readonly Limit[] }) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  const names = differences(change.old, change.new)
  const symbols = !isSame(given(change.old).by_symbol, given(change.new).by_symbol)
  if (names.length === 0 && !symbols) return t('noChange')
  return (
    <ul>
      {limits
        .filter((limit) => names.some((name) => name === limit.name))
        .map((limit) => (
          <li key={limit.name}>
            {t('changeText', {
              limit: words.name(limit),
              old: words.value(limit, valueIn(change.old, limit.name), t('notSet')),
              new: words.value(limit, valueIn(change.new, limit.name), t('notSet')),
            })}
          </li>
        ))}
      {symbols ? <li>{t('symbolChange')}</li> : null}
    </ul>
  )
}
