/** Figures as the server sends them: decimal text, never a JavaScript number. */
import Big from 'big.js'

const MINUS = '\u2212'
export const UNKNOWN = '\u2013'
const MOST_DECIMALS = 8

/** Returns text for people: grouped, with a true minus; `decimals` fixes the places, else the text's own are kept. */
export function formatNumber(value: string | null | undefined, decimals?: number, locale?: string): string {
  if (value === null || value === undefined) return UNKNOWN
  const own = value.split('.')[1]?.replace(/0+$/, '').length ?? 0
  const places = decimals ?? Math.min(own, MOST_DECIMALS)
  const format = new Intl.NumberFormat(locale, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  })
  return format.format(value as unknown as number).replace('-', MINUS)
}

/** Returns a change: always with its sign. */
export function formatChange(value: string | null | undefined, decimals?: number, locale?: string): string {
  if (value === null || value === undefined) return UNKNOWN
  const text = formatNumber(value, decimals, locale)
  return direction(value) === 'up' ? `+${text}` : text
}

export type Direction = 'up' | 'down' | 'flat'

/** Tells which way a figure points. */
export function direction(value: string | null | undefined): Direction {
  if (value === null || value === undefined) return 'flat'
  const sign = new Big(value).cmp(0)
  return sign > 0 ? 'up' : sign < 0 ? 'down' : 'flat'
}

/** Adds decimal texts; one that is not known makes the sum unknown. */
export function sum(values: readonly (string | null)[]): string | null {
  let total = new Big(0)
  for (const value of values) {
    if (value === null) return null
    total = total.plus(value)
  }
  return total.toFixed()
}

/** Returns `part / whole` in per cent, null where it cannot be told. */
export function percent(part: string | null, whole: string | null): string | null {
  if (part === null || whole === null || new Big(whole).eq(0)) return null
  return new Big(part).times(100).div(whole).toFixed(2)
}
