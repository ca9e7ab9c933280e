import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { accountsQuery } from '@/api/queries.ts'
import { PageTitle } from '@/components/panel.tsx'
import { PriceChart } from '@/features/chart/price-chart.tsx'
import type { Draft } from './draft.ts'
import { instrumentsQuery } from './queries.ts'
import { TicketPanel } from './ticket.tsx'

export function TradePage() {
  const t = useTranslations('trade')
  const search = useSearch({ from: '/inside/trade' })
  const navigate = useNavigate()
  const accounts = useQuery(accountsQuery)
  const open = accounts.data?.filter((account) => account.state === 'active') ?? []
  const accountId = (open.find((a) => a.id === search.account) ?? open.find((a) => a.is_primary) ?? open[0])
    ?.id
  // What is typed is no symbol yet: the chart waits until the market knows it.
  const asked = search.symbol ?? ''
  const found = useQuery({ ...instrumentsQuery(asked), enabled: asked !== '' })
  const symbol = found.data?.find((instrument) => instrument.symbol === asked)?.symbol
  const start: Partial<Draft> = {
    ...(search.symbol ? { symbol: search.symbol } : {}),
    ...(search.side ? { side: search.side } : {}),
    ...(search.effect ? { effect: search.effect } : {}),
    ...(search.account ? { accountId: search.account } : {}),
  }
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_24rem]">
        <div className="min-w-0 max-lg:order-2">
          {accountId && symbol ? <PriceChart accountId={accountId} symbol={symbol} /> : null}
        </div>
        <TicketPanel
          start={start}
          onSymbol={({ symbol }) =>
            void navigate({ to: '/trade', search: (before) => ({ ...before, symbol }), replace: true })
          }
        />
      </div>
    </div>
  )
}
