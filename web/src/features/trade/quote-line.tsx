import { useTranslations } from 'use-intl'
import { Figure, useNow } from '@/components/figures.tsx'
import { formatAge } from '@/lib/time.ts'
import { useQuote } from '@/realtime/provider.tsx'

const OLD = 5_000

/** The market beside the ticket, with its age as soon as it is not live. */
export function QuoteLine({ symbol }: { symbol: string }) {
  const t = useTranslations('trade')
  const quote = useQuote(symbol)
  const now = useNow()
  if (!quote) return null
  const age = now - Date.parse(quote.at)
  return (
    <dl className="grid grid-cols-3 gap-2 rounded-[6px] bg-sunken px-3 py-2">
      {(
        [
          ['bid', quote.bid],
          ['ask', quote.ask],
          ['last', quote.last],
        ] as const
      ).map(([name, value]) => (
        <div key={name}>
          <dt className="text-ink3 text-meta">{t(name)}</dt>
          <dd className="text-figure">
            <Figure value={value} />
          </dd>
        </div>
      ))}
      {age > OLD ? (
        <p className="col-span-3 text-meta text-warn">{t('feed', { age: formatAge(age) })}</p>
      ) : null}
    </dl>
  )
}
