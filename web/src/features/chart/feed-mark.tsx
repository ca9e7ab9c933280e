import { TriangleAlert } from 'lucide-react'
import { useLocale, useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { useNow } from '@/components/figures.tsx'
import { formatNumber } from '@/lib/numbers.ts'
import { formatAge } from '@/lib/time.ts'
import { useRealtime } from '@/realtime/provider.tsx'
import type { Quote } from '@/realtime/quotes.ts'

const OLD = 5_000

/** Says in words whether the last price can be taken for the present one. */
export function FeedMark({ quote, isOpen }: { quote: Quote | undefined; isOpen: boolean | null }) {
  const t = useTranslations('chart')
  const { link } = useRealtime()
  const now = useNow()
  if (link.state !== 'live') return <Badge tone="warn">{t('interrupted')}</Badge>
  if (quote?.halted) return <Badge tone="warn">{t('halted')}</Badge>
  if (isOpen === false) return <Badge>{t('closed')}</Badge>
  if (!quote) return <Badge>{t('waiting')}</Badge>
  const age = now - Date.parse(quote.at)
  if (age > OLD) return <Badge tone="warn">{t('old', { age: formatAge(age) })}</Badge>
  return <Badge tone="good">{t('live')}</Badge>
}

/** A live price that cannot belong to these bars: said, and not drawn. */
export function FarNote({ price, decimals }: { price: string; decimals: number | undefined }) {
  const t = useTranslations('chart')
  const locale = useLocale()
  return (
    <p role="alert" className="flex items-start gap-2 border-warn border-l-4 px-4 py-2 text-warn">
      <TriangleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
      {t('far', { price: formatNumber(price, decimals, locale) })}
    </p>
  )
}
