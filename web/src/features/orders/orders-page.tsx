/** Every order of the person: what is open, all of them, their fills, and what risk refused. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { accountsQuery, openOrdersQuery } from '@/api/queries.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { ExportButton } from './export-button.tsx'
import { FILL_HEAD, fillCells, ORDER_HEAD, orderCells, VERDICT_HEAD, verdictCells } from './exports.ts'
import { FillsTable } from './fills-table.tsx'
import { Filters } from './filters.tsx'
import { fillsQuery, OPEN_ROWS, ordersQuery, refusalsQuery } from './order-queries.ts'
import { OrderTable } from './order-table.tsx'
import { PagedView } from './paged-view.tsx'
import { RefusalsTable } from './refusals-table.tsx'
import { TABS, Tabs } from './tabs.tsx'
import { useUrlSearch } from './url-search.ts'

const NAMES = ['tab', 'account', 'symbol'] as const

interface ViewProps {
  account: string
  symbol: string
  accountNames: ReadonlyMap<string, string>
  filters: ReactNode
  onClear: () => void
}

export function OrdersPage() {
  const t = useTranslations('orders')
  const [{ tab: wanted, account, symbol }, change] = useUrlSearch(NAMES)
  const tab = TABS.find((known) => known === wanted) ?? 'open'
  const accounts = useQuery(accountsQuery)
  const accountNames = useMemo(
    () => new Map(accounts.data?.map((one) => [one.id, one.label]) ?? []),
    [accounts.data],
  )
  const View = VIEWS[tab]
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <Tabs current={tab} />
      <View
        account={account}
        symbol={symbol}
        accountNames={accountNames}
        onClear={() => change({ account: '', symbol: '' })}
        filters={
          <Filters
            accounts={accounts.data ?? []}
            account={account}
            symbol={symbol}
            withSymbol={tab !== 'refused'}
            onChange={change}
          />
        }
      />
    </div>
  )
}

const VIEWS = { open: OpenOrders, all: AllOrders, fills: Fills, refused: Refusals }

function OpenOrders({ account, symbol, accountNames, filters, onClear }: ViewProps) {
  const t = useTranslations('orders')
  const orders = useQuery(openOrdersQuery)
  const shown = (orders.data ?? []).filter(
    (order) => (!account || order.account_id === account) && (!symbol || order.symbol === symbol),
  )
  return (
    <Panel
      title={t('tabOpen')}
      actions={
        <ExportButton
          name="open-orders"
          head={ORDER_HEAD}
          rows={shown.map((order) => orderCells(order, accountNames))}
        />
      }
    >
      {filters}
      <QueryView query={orders} rows={5}>
        {(all) =>
          shown.length === 0 ? (
            <Nothing text={t('noOrders')} isFiltered={Boolean(account || symbol)} onClear={onClear} />
          ) : (
            <>
              <p className="px-4 pb-2 text-ink3 text-meta">
                {t('shown', { count: shown.length })}. {t('cancelHint')}
              </p>
              {all.length >= OPEN_ROWS ? (
                <p className="px-4 pb-2 text-meta text-warn">{t('openNote', { count: OPEN_ROWS })}</p>
              ) : null}
              <OrderTable label={t('tabOpen')} orders={shown} accountNames={accountNames} />
            </>
          )
        }
      </QueryView>
    </Panel>
  )
}

function AllOrders({ account, symbol, accountNames, filters, onClear }: ViewProps) {
  const t = useTranslations('orders')
  const orders = useInfiniteQuery(ordersQuery(account, symbol))
  const rows = orders.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel
      title={t('tabAll')}
      actions={
        <ExportButton
          name="orders"
          head={ORDER_HEAD}
          rows={rows.map((order) => orderCells(order, accountNames))}
        />
      }
    >
      {filters}
      <PagedView query={orders}>
        {(items) =>
          items.length === 0 ? (
            <Nothing text={t('noOrders')} isFiltered={Boolean(account || symbol)} onClear={onClear} />
          ) : (
            <>
              <p className="px-4 pb-2 text-ink3 text-meta">
                {t('shown', { count: items.length })}. {t('cancelHint')}
              </p>
              <OrderTable label={t('tabAll')} orders={items} accountNames={accountNames} />
            </>
          )
        }
      </PagedView>
    </Panel>
  )
}

function Fills({ account, symbol, accountNames, filters, onClear }: ViewProps) {
  const t = useTranslations('orders')
  const fills = useInfiniteQuery(fillsQuery(account))
  const loaded = fills.data?.pages.flatMap((page) => page.items) ?? []
  const shown = symbol ? loaded.filter((fill) => fill.symbol === symbol) : loaded
  return (
    <Panel
      title={t('tabFills')}
      actions={
        <ExportButton
          name="fills"
          head={FILL_HEAD}
          rows={shown.map((fill) => fillCells(fill, accountNames))}
        />
      }
    >
      {filters}
      {symbol ? <p className="px-4 pb-2 text-ink3 text-meta">{t('fillSymbolNote')}</p> : null}
      <PagedView query={fills}>
        {() =>
          shown.length === 0 ? (
            <Nothing text={t('noFills')} isFiltered={Boolean(account || symbol)} onClear={onClear} />
          ) : (
            <FillsTable fills={shown} accountNames={accountNames} />
          )
        }
      </PagedView>
    </Panel>
  )
}

function Refusals({ account, accountNames, filters, onClear }: ViewProps) {
  const t = useTranslations('orders')
  const verdicts = useInfiniteQuery(refusalsQuery(account))
  const rows = verdicts.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Panel
      title={t('tabRefused')}
      actions={
        <ExportButton
          name="refused"
          head={VERDICT_HEAD}
          rows={rows.map((verdict) => verdictCells(verdict, accountNames))}
        />
      }
    >
      {filters}
      <p className="px-4 pb-2 text-ink3 text-meta">{t('refusedNote')}</p>
      <PagedView query={verdicts}>
        {(items) =>
          items.length === 0 ? (
            <Nothing text={t('noRefusals')} isFiltered={Boolean(account)} onClear={onClear} />
          ) : (
            <RefusalsTable verdicts={items} accountNames={accountNames} />
          )
        }
      </PagedView>
    </Panel>
  )
}

function Nothing({ text, isFiltered, onClear }: { text: string; isFiltered: boolean; onClear: () => void }) {
  const t = useTranslations('orders')
  return isFiltered ? (
    <Empty action={<Button onClick={onClear}>{t('clear')}</Button>}>{t('noMatch')}</Empty>
  ) : (
    <Empty
      action={
        <Link to="/signals" className={buttonClass()}>
          {t('toSignals')}
        </Link>
      }
    >
      {text}
    </Empty>
  )
}
