import { useTranslations } from 'use-intl'
import type { Line } from './adapter.ts'
import type { Periods } from './drawing.ts'

export interface NamedLine extends Line {
  id: string
  /** The line in words. */
  name: string
}

/** What the lines and arrows mean, in words. */
export function Legend({
  lines,
  periods,
  fills,
}: {
  lines: readonly NamedLine[]
  periods: Periods
  fills: number
}) {
  const t = useTranslations('chart')
  const { simple, exponential } = periods
  const studies = [
    ...(simple === null ? [] : [t('simpleLine', { period: simple })]),
    ...(exponential === null ? [] : [t('exponentialLine', { period: exponential })]),
  ]
  const texts = [
    ...lines.map(({ id, name }) => ({ id, name })),
    ...studies.map((name) => ({ id: name, name })),
    ...(fills > 0 ? [{ id: 'fills', name: t('fills', { count: fills }) }] : []),
  ]
  if (texts.length === 0) return null
  return (
    <ul
      aria-label={t('legend')}
      className="flex flex-wrap gap-x-6 gap-y-1 border-line border-t px-4 py-2 text-ink2 text-meta"
    >
      {texts.map(({ id, name }) => (
        <li key={id}>{name}</li>
      ))}
    </ul>
  )
}
