/** What is held, at the newest prices: totals first, then every position by account. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { portfolioQuery, positionsQuery } from '@/api/queries.ts'
import { buttonClass } from '@/components/button.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, ErrorNote, QueryView } from '@/components/states.tsx'
import { useUrlSearch } from '@/features/orders/url-search.ts'
import { useWatch } from '@/realtime/provider.tsx'
import { PositionTable } from './position-table.tsx'
import { readSorting, writeSorting } from './sorting.ts'
import { Summary } from './summary.tsx'

const NAMES = ['sort'] as const
const MOST_SYMBOLS = 200
const SESSIONS_EVERY = 60_000

export function PositionsPage() {
  const t = useTranslations('positions')
  const positions = useQuery(positionsQuery)
  const portfolio = useQuery(portfolioQuery)
  const [{ sort }, change] = useUrlSearch(NAMES)
  const items = positions.data?.items
  const symbols = useMemo(() => [...new Set(items?.map((position) => position.symbol))].sort(), [items])
  useWatch(symbols)
  const closedSymbols = useClosed(symbols)
  const accounts = portfolio.data?.accounts ?? []
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      {items && items.length > 0 ? (
        <Panel title={t('totals')}>
          {portfolio.isError ? (
            <ErrorNote error={portfolio.error} retry={() => void portfolio.refetch()} />
          ) : null}
          <Summary positions={items} accounts={accounts} />
        </Panel>
      ) : null}
      <Panel title={t('list')}>
        <QueryView query={positions} rows={8}>
          {({ items: held }) =>
            held.length === 0 ? (
              <Empty
                action={
                  <Link to="/signals" className={buttonClass()}>
                    {t('toSignals')}
                  </Link>
                }
              >
                {t('none')}
              </Empty>
            ) : (
              <>
                <PositionTable
                  positions={held}
                  accounts={accounts}
                  closedSymbols={closedSymbols}
                  sorting={readSorting(sort)}
                  onSort={(sorting) => change({ sort: writeSorting(sorting) })}
                />
                <p className="border-line border-t px-4 py-2 text-ink3 text-meta">{t('orderNote')}</p>
              </>
            )
          }
        </QueryView>
      </Panel>
    </div>
  )
}

/** Returns the symbols whose session is over: outside of it an old price is no fault. */
function useClosed(symbols: readonly string[]): ReadonlySet<string> {
  const asked = symbols.slice(0, MOST_SYMBOLS).join(',')
  const sessions = useQuery({
    queryKey: ['quotes', asked],
    queryFn: async () =>
      (await unwrap(api.GET('/api/v1/quotes', { params: { query: { symbols: asked } } }))).items,
    enabled: asked !== '',
    refetchInterval: SESSIONS_EVERY,
  })
  return useMemo(
    () => new Set(sessions.data?.filter((quote) => quote.session_open === false).map((q) => q.symbol)),
    [sessions.data],
  )
}
