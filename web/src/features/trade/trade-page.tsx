import { useNavigate, useSearch } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { PageTitle } from '@/components/panel.tsx'
import type { Draft } from './draft.ts'
import { TicketPanel } from './ticket.tsx'

export function TradePage() {
  const t = useTranslations('trade')
  const search = useSearch({ from: '/inside/trade' })
  const navigate = useNavigate()
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
        <div className="min-w-0 max-lg:order-2" data-chart-place />
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
