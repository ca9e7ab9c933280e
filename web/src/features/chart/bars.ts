/** What a chart is drawn from. Prices stay the decimal text of the server; only drawing turns them into numbers. */
import Big from 'big.js'
import type { Schemas } from '@/api/client.ts'
import { percent } from '@/lib/numbers.ts'

export type Bar = Schemas['BarRead']
export type Step = Schemas['BarStep']

export const STEPS: readonly Step[] = ['1m', '5m', '15m', '1h', '1d']
export const SECONDS: Record<Step, number> = { '1m': 60, '5m': 300, '15m': 900, '1h': 3_600, '1d': 86_400 }
const SHOWN = 500
const FAR = '0.2'

/** Returns the last steps up to now on whole steps, so that everybody who looks now asks the same. */
export function spanOf(step: Step, now: number): { start: string; end: string } {
  const length = SECONDS[step] * 1_000
  const end = Math.floor(now / length) * length + length
  return { start: new Date(end - SHOWN * length).toISOString(), end: new Date(end).toISOString() }
}

/** Returns when the bar begins that a moment belongs to, in seconds. */
export function bucketOf(at: string, step: Step): number {
  return Math.floor(Date.parse(at) / 1_000 / SECONDS[step]) * SECONDS[step]
}

export interface LiveBar {
  /** The bar that runs, with the price in it; null where there is nothing to add. */
  bar: Bar | null
  /** The price is too far from the last bar to come from the same market: it is not drawn. */
  isFar: boolean
}

/** Adds the newest price to the last bar that is drawn, or begins the next one. */
export function addQuote(drawn: Bar, quote: { last: string; at: string }, step: Step): LiveBar {
  const price = new Big(quote.last)
  if (price.minus(drawn.close).abs().gt(new Big(drawn.close).abs().times(FAR)))
    return { bar: null, isFar: true }
  const bucket = bucketOf(quote.at, step)
  const running = bucketOf(drawn.at, step)
  if (bucket < running) return { bar: null, isFar: false }
  if (bucket > running) {
    const { last } = quote
    const at = new Date(bucket * 1_000).toISOString()
    return { bar: { at, open: last, high: last, low: last, close: last, volume: '0' }, isFar: false }
  }
  const high = price.gt(drawn.high) ? quote.last : drawn.high
  const low = price.lt(drawn.low) ? quote.last : drawn.low
  return { bar: { ...drawn, high, low, close: quote.last }, isFar: false }
}

export interface Summary {
  last: string
  change: string
  changePercent: string | null
  high: string
  low: string
  from: string
  to: string
}

/** Returns what a reader would take from the picture: last, change, high and low. */
export function summarize(bars: readonly Bar[]): Summary | null {
  const first = bars[0]
  const last = bars.at(-1)
  if (!first || !last) return null
  let { high, low } = first
  for (const bar of bars) {
    if (new Big(bar.high).gt(high)) high = bar.high
    if (new Big(bar.low).lt(low)) low = bar.low
  }
  const change = new Big(last.close).minus(first.open).toFixed()
  return {
    last: last.close,
    change,
    changePercent: percent(change, first.open),
    high,
    low,
    from: first.at,
    to: last.at,
  }
}

/** Returns the history with the running bar at its end. */
export function withLive(bars: readonly Bar[], live: Bar | null): readonly Bar[] {
  const last = bars.at(-1)
  if (!live || !last) return bars
  return Date.parse(live.at) === Date.parse(last.at) ? [...bars.slice(0, -1), live] : [...bars, live]
}

/** Returns the places after the point that a step of the price has. */
export function decimalsOf(tick: string | undefined): number | undefined {
  return tick === undefined ? undefined : (tick.split('.')[1]?.replace(/0+$/, '').length ?? 0)
}
