/** From decimal text to what is drawn: the only place where prices become numbers, and nothing comes back. */
import type { Schemas } from '@/api/client.ts'
import type { Order } from '@/api/queries.ts'
import type { Candle, Curves, Mark } from './adapter.ts'
import { type Bar, bucketOf, type Step } from './bars.ts'
import { average, type StudyKind } from './studies.ts'

export type Fill = Schemas['ExecutionRead']
export type Periods = Record<StudyKind, number | null>

export function toCandle(bar: Bar): Candle {
  const [open, high, low, close, volume] = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(Number)
  return {
    time: Math.floor(Date.parse(bar.at) / 1_000),
    open: open ?? 0,
    high: high ?? 0,
    low: low ?? 0,
    close: close ?? 0,
    volume: volume ?? 0,
  }
}

/** Returns the curves of the studies that are on. */
export function toCurves(candles: readonly Candle[], periods: Periods): Curves {
  const closes = candles.map((candle) => candle.close)
  const curve = (kind: StudyKind) => {
    const period = periods[kind]
    if (period === null) return []
    return average(kind, closes, period).flatMap((value, place) => {
      const candle = candles[place]
      return value === null || !candle ? [] : [{ time: candle.time, value }]
    })
  }
  return { simple: curve('simple'), exponential: curve('exponential') }
}

export interface OrderLine {
  id: string
  order: Order
  kind: 'limit' | 'stop'
  price: string
}

/** Returns the prices at which the open orders of a symbol wait. */
export function orderLines(orders: readonly Order[], accountId: string, symbol: string): OrderLine[] {
  return orders
    .filter((order) => order.account_id === accountId && order.symbol === symbol)
    .flatMap((order) =>
      (['limit', 'stop'] as const).flatMap((kind) => {
        const price = kind === 'limit' ? order.limit_price : order.stop_price
        return price === null ? [] : [{ id: `${order.id} ${kind}`, order, kind, price }]
      }),
    )
}

/** Returns the fills that lie within the bars, oldest first, each at the bar in which it happened. */
export function toMarks(
  fills: readonly Fill[],
  bars: readonly Candle[],
  step: Step,
  write: (fill: Fill) => string,
): Mark[] {
  const times = bars.map((bar) => bar.time)
  return fills
    .flatMap((fill): Mark[] => {
      const bucket = bucketOf(fill.executed_at, step)
      // What the venue shows no bar for stands at the last one before it.
      const time = times.findLast((known) => known <= bucket)
      return time === undefined ? [] : [{ time, side: fill.side, text: write(fill) }]
    })
    .sort((one, other) => one.time - other.time)
}
