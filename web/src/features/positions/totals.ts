/** Sums over the positions shown. One figure that is not known makes its sum unknown, never smaller. */
import Big from 'big.js'
import type { Portfolio, Position } from '@/api/queries.ts'
import { percent, sum } from '@/lib/numbers.ts'

export type Account = Portfolio['accounts'][number]

export interface Sums {
  count: number
  value: string | null
  unrealized: string | null
  realized: string | null
  fees: string | null
  exposure: string | null
  /** Exposure in per cent of the equity. */
  exposurePart: string | null
}

export interface AccountSums extends Sums {
  id: string
  label: string
  currency: string
  isPaper: boolean | null
}

export interface CurrencySums extends Sums {
  currency: string
  isPaper: boolean | null
}

function sums(positions: readonly Position[], equity: string | null): Sums {
  const exposure = sum(
    positions.map(({ market_value }) =>
      market_value === null ? null : new Big(market_value).abs().toFixed(),
    ),
  )
  return {
    count: positions.length,
    value: sum(positions.map((position) => position.market_value)),
    unrealized: sum(positions.map((position) => position.unrealized_pnl)),
    realized: sum(positions.map((position) => position.realized_pnl)),
    fees: sum(positions.map((position) => position.fees)),
    exposure,
    exposurePart: percent(exposure, equity),
  }
}

function groupBy(
  positions: readonly Position[],
  keyOf: (position: Position) => string,
): Map<string, Position[]> {
  const groups = new Map<string, Position[]>()
  for (const position of positions) {
    const key = keyOf(position)
    groups.set(key, [...(groups.get(key) ?? []), position])
  }
  return groups
}

/** Returns the sums of each account that holds something; `accounts` name them and say their equity. */
export function sumAccounts(positions: readonly Position[], accounts: readonly Account[]): AccountSums[] {
  const known = new Map(accounts.map((account) => [account.account_id, account]))
  return [...groupBy(positions, (position) => position.account_id)]
    .map(([id, held]) => {
      const account = known.get(id)
      return {
        id,
        label: account?.label ?? id,
        currency: account?.currency ?? '',
        isPaper: account?.is_paper ?? null,
        ...sums(held, account?.equity ?? null),
      }
    })
    .sort((one, other) => one.label.localeCompare(other.label))
}

/** Returns the sums of each currency, play money and real money apart. */
export function sumCurrencies(positions: readonly Position[], accounts: readonly Account[]): CurrencySums[] {
  const known = new Map(accounts.map((account) => [account.account_id, account]))
  const groups = groupBy(positions, ({ account_id }) => {
    const account = known.get(account_id)
    return account ? `${account.currency} ${account.is_paper}` : ''
  })
  groups.delete('')
  return [...groups].map(([key, held]) => {
    const [currency = '', isPaper] = key.split(' ')
    const ids = new Set(held.map((position) => position.account_id))
    const equity = sum(accounts.filter((a) => ids.has(a.account_id)).map((a) => a.equity))
    return { currency, isPaper: isPaper === 'true', ...sums(held, equity) }
  })
}
