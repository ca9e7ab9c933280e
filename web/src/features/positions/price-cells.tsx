/** Prices with their age: each cell hears of its own symbol alone. */
import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import type { Position } from '@/api/queries.ts'
import { Price, useNow } from '@/components/figures.tsx'
import { useQuote } from '@/realtime/provider.tsx'
import type { Quote } from '@/realtime/quotes.ts'

function quoteAge(quote: Quote, now: number): number {
  // A quote may have been old already when it came.
  return Math.max(0, now - quote.heardAt, now - Date.parse(quote.at))
}

/** The price behind value and profit. */
export function PriceCell({ position, closed }: { position: Position; closed: boolean }) {
  const now = useNow()
  const quote = useQuote(position.symbol)
  const { price, price_age_ms: age } = position
  // The row keeps its identity until its figures change: from then on its price grows old.
  const seenAt = useMemo(() => (position ? Date.now() : 0), [position])
  const ofRow = age === null ? null : age + Math.max(0, now - seenAt)
  const ofQuote = quote ? quoteAge(quote, now) : null
  const shown = ofRow === null ? ofQuote : ofQuote === null ? ofRow : Math.min(ofRow, ofQuote)
  return <Price value={price} ageMs={shown} closed={closed} />
}

export function QuoteCell({ symbol, closed }: { symbol: string; closed: boolean }) {
  const t = useTranslations('positions')
  const common = useTranslations('common')
  const now = useNow()
  const quote = useQuote(symbol)
  if (!quote) return <span className="text-ink3">{t('noQuote')}</span>
  const age = quoteAge(quote, now)
  const note = quote.halted ? t('halted') : closed ? common('closed') : null
  return (
    <span className="inline-flex items-center gap-1">
      {note ? <span className="text-ink3 text-meta">{note}</span> : null}
      <Price value={quote.last} ageMs={age} closed={closed} />
      {age <= FRESH || closed ? (
        <span className="w-8 text-ink3 text-meta">{`${Math.floor(Math.min(age, FRESH) / 1_000)} s`}</span>
      ) : null}
    </span>
  )
}

const FRESH = 5_000
