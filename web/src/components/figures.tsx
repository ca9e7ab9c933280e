/** Figures: right aligned, tabular, with sign, triangle and colour where they are a change. */
import { TriangleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { ZONE } from '@/i18n/index.tsx'
import { cn } from '@/lib/cn.ts'
import { direction, formatChange, formatNumber } from '@/lib/numbers.ts'
import { formatAge, formatDateTime, formatTime } from '@/lib/time.ts'

interface FigureProps {
  value: string | null | undefined
  decimals?: number
  className?: string
}

export function Figure({ value, decimals, className }: FigureProps) {
  const locale = useLocale()
  return <span className={cn('numeric', className)}>{formatNumber(value, decimals, locale)}</span>
}

export function Change({ value, decimals, suffix = '', className }: FigureProps & { suffix?: string }) {
  const locale = useLocale()
  const way = direction(value)
  return (
    <span
      className={cn('numeric', way === 'up' && 'text-up', way === 'down' && 'text-down', className)}
      data-direction={way}
    >
      {way === 'flat' ? null : (
        <span aria-hidden="true" className="mr-1 text-[0.75em]">
          {way === 'up' ? '▲' : '▼'}
        </span>
      )}
      {formatChange(value, decimals, locale)}
      {value === null || value === undefined ? '' : suffix}
    </span>
  )
}

export function Time({ at, className }: { at: string | null | undefined; className?: string }) {
  const locale = useLocale()
  return (
    <time
      dateTime={at ?? undefined}
      title={at ?? undefined}
      className={cn('numeric whitespace-nowrap', className)}
    >
      {formatTime(at, ZONE, locale)}
    </time>
  )
}

export function DateTime({ at, className }: { at: string | null | undefined; className?: string }) {
  const locale = useLocale()
  return (
    <time
      dateTime={at ?? undefined}
      title={at ?? undefined}
      className={cn('numeric whitespace-nowrap', className)}
    >
      {formatDateTime(at, ZONE, locale)}
    </time>
  )
}

/** Now, in milliseconds, moving once a second. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}

const OLD_PRICE = 5_000

/** A price with a mark when it is too old to be taken for the present one. */
export function Price({
  value,
  ageMs,
  decimals,
  closed = false,
}: {
  value: string | null
  ageMs: number | null
  decimals?: number
  /** Outside of its session an old price is no fault. */
  closed?: boolean
}) {
  const t = useTranslations('common')
  if (value === null) return <span className="text-ink3">{t('noPrice')}</span>
  const old = ageMs !== null && ageMs > OLD_PRICE && !closed
  return (
    <span className={cn('inline-flex items-center gap-1', old && 'text-ink3')}>
      {old ? (
        <>
          <TriangleAlert aria-hidden="true" className="size-3" />
          <span className="text-meta">{t('ago', { age: formatAge(ageMs) })}</span>
        </>
      ) : null}
      <Figure value={value} {...(decimals === undefined ? {} : { decimals })} />
    </span>
  )
}
