/** Order of the rows: chosen by a column's heading, kept in the address, frozen under pointer and focus. */
import Big from 'big.js'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Position } from '@/api/queries.ts'

export const COLUMNS = [
  'symbol',
  'asset_class',
  'quantity',
  'average_price',
  'price',
  'market_value',
  'unrealized_pnl',
  'realized_pnl',
  'fees',
  'opened_at',
] as const
export type Column = (typeof COLUMNS)[number]

export interface Sorting {
  column: Column
  isDown: boolean
}

const TEXTS: ReadonlySet<Column> = new Set(['symbol', 'asset_class', 'opened_at'])
const RESORT_EVERY = 5_000

/** Reads `symbol` or `-symbol`. */
export function readSorting(text: string): Sorting {
  const isDown = text.startsWith('-')
  const column = COLUMNS.find((known) => known === (isDown ? text.slice(1) : text))
  return column ? { column, isDown } : { column: 'symbol', isDown: false }
}

export function writeSorting({ column, isDown }: Sorting): string {
  return `${isDown ? '-' : ''}${column}`
}

/** Compares two positions; what is not known comes last either way. */
export function comparePositions(one: Position, other: Position, { column, isDown }: Sorting): number {
  const [a, b] = [one[column], other[column]]
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  const order = TEXTS.has(column) ? (a < b ? -1 : a > b ? 1 : 0) : new Big(a).cmp(b)
  return (isDown ? -order : order) || (one.symbol < other.symbol ? -1 : 1)
}

export function keyOf(position: Position): string {
  return `${position.account_id} ${position.symbol}`
}

/** Returns the positions in an order that changes on a press, or every five seconds while nobody is at it. */
export function useFrozenOrder(
  positions: readonly Position[],
  sorting: Sorting,
  isHeld: () => boolean,
): Position[] {
  const name = writeSorting(sorting)
  const sorted = useCallback(
    (rows: readonly Position[]) =>
      [...rows].sort((one, other) => comparePositions(one, other, readSorting(name))),
    [name],
  )
  const latest = useRef(positions)
  latest.current = positions
  const held = useRef(isHeld)
  held.current = isHeld
  const [order, setOrder] = useState(() => sorted(positions).map(keyOf))
  useEffect(() => {
    const renew = () => setOrder(sorted(latest.current).map(keyOf))
    renew()
    const timer = setInterval(() => {
      if (!held.current()) renew()
    }, RESORT_EVERY)
    return () => clearInterval(timer)
  }, [sorted])
  const rows = new Map(positions.map((position) => [keyOf(position), position]))
  const known = order.flatMap((key) => {
    const row = rows.get(key)
    rows.delete(key)
    return row ? [row] : []
  })
  // What was opened since then waits at the end.
  return [...known, ...sorted([...rows.values()])]
}
