/** Values of limits, without any screen: their kinds, which of two is tighter, what a person types for them. */
import Big from 'big.js'
import type { LayerValues, Limit } from './risk-queries.ts'

export type Value = Limit['value']
export type LimitName = Exclude<keyof LayerValues, 'by_symbol'>

/** Units that the server gives as parts of one and people read as per cent. */
const PARTS = {
  'of equity': 'equity',
  'of price': 'price',
  'of mid': 'mid',
  'of ADV': 'volume',
  'of buying power': 'buyingPower',
  'of budget': 'budget',
  'of peak': 'peak',
} as const
const WHOLES = {
  s: 'seconds',
  symbols: 'symbols',
  classes: 'classes',
  USD: 'usd',
  x: 'times',
  shares: 'shares',
  contracts: 'contracts',
  orders: 'orders',
  messages: 'messages',
  fills: 'fills',
  rejects: 'rejects',
  positions: 'positions',
} as const
const UNITS = { ...PARTS, ...WHOLES }
export type Unit = (typeof UNITS)[keyof typeof UNITS]

export function unitOf(limit: Limit): Unit | null {
  return limit.unit in UNITS ? UNITS[limit.unit as keyof typeof UNITS] : null
}

export function isPart(limit: Limit): boolean {
  return limit.unit in PARTS
}

export type Kind = 'decimal' | 'count' | 'choice' | 'symbols' | 'classes'

export function kindOf(limit: Limit): Kind {
  if (limit.tighter === 'false') return 'choice'
  if (limit.tighter === 'subset') return limit.name === 'asset_classes' ? 'classes' : 'symbols'
  return typeof limit.value === 'number' ? 'count' : 'decimal'
}

/** Returns what a layer says of a limit, null where it says nothing. */
export function valueIn(values: LayerValues | null | undefined, name: string): Value {
  return (values?.[name as LimitName] as Value | undefined) ?? null
}

/** Returns only what a layer says: the rest comes as null. */
export function given(values: LayerValues | null | undefined): LayerValues {
  const entries = Object.entries(values ?? {}).filter(
    ([name, value]) => value !== null && (name !== 'by_symbol' || Object.keys(value as object).length > 0),
  )
  return Object.fromEntries(entries) as LayerValues
}

/** Returns a layer's values with one limit set, or taken out where `value` is null. */
export function withValue(values: LayerValues | null | undefined, name: string, value: Value): LayerValues {
  const rest: Record<string, unknown> = { ...given(values) }
  if (value === null) delete rest[name]
  else rest[name] = value
  return rest as LayerValues
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
}

/** Whether going from `old` to `next` loosens; null says nothing, which is widest but for a permission. */
export function isRaise(limit: Limit, old: Value, next: Value): boolean {
  if (limit.tighter === 'false') return next === true && old !== true
  if (old === null || isSame(old, next)) return false
  if (next === null) return true
  if (limit.tighter === 'subset') {
    const before = new Set(old as string[])
    return (next as string[]).some((item) => !before.has(item))
  }
  const order = new Big(String(next)).cmp(String(old))
  return limit.tighter === 'higher' ? order < 0 : order > 0
}

/** Returns what stands in the field for a value: parts of one as per cent. */
export function toInput(limit: Limit, value: Value): string {
  if (value === null) return ''
  if (Array.isArray(value)) return value.join(', ')
  return isPart(limit) ? new Big(String(value)).times(100).toFixed() : String(value)
}

const DECIMAL = /^\d{1,18}(\.\d{1,18})?$/
const COUNT = /^\d{1,6}$/

/** Returns the value that was typed, undefined where it is none. */
export function fromInput(limit: Limit, text: string): Value | undefined {
  const plain = text.trim()
  switch (kindOf(limit)) {
    case 'choice':
      return plain === 'true'
    case 'symbols':
    case 'classes': {
      const items = plain.split(',').map((item) => item.trim())
      const named = items.filter(Boolean)
      return [
        ...new Set(kindOf(limit) === 'symbols' ? named.map((item) => item.toUpperCase()) : named),
      ].sort()
    }
    case 'count':
      return COUNT.test(plain) ? Number.parseInt(plain, 10) : undefined
    case 'decimal':
      if (!DECIMAL.test(plain)) return undefined
      return isPart(limit) ? new Big(plain).div(100).toFixed() : plain
  }
}

/** Returns the names of the limits that differ between two sets of values. */
export function differences(old: LayerValues, next: LayerValues): LimitName[] {
  const [before, after] = [given(old), given(next)]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  names.delete('by_symbol')
  return ([...names] as LimitName[]).filter((name) => !isSame(before[name], after[name]))
}
