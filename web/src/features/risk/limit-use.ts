/** How much of a limit is used, from figures that the server gave, where it did not say so itself. */
import Big from 'big.js'
import type { Order, Portfolio, Position } from '@/api/queries.ts'
import { sum } from '@/lib/numbers.ts'
import type { Limit } from './risk-queries.ts'

export interface Figures {
  account: Portfolio['accounts'][number] | undefined
  positions: readonly Position[] | undefined
  openOrders: readonly Order[] | undefined
}

function part(amount: Big, whole: string | null | undefined): string | null {
  return !whole || new Big(whole).lte(0) ? null : amount.div(whole).toFixed(6)
}

function fall(from: string | null | undefined, to: string | null | undefined): string | null {
  if (!from || !to) return null
  const lost = new Big(from).minus(to)
  return part(lost.gt(0) ? lost : new Big(0), from)
}

function values(positions: readonly Position[] | undefined): Big[] | null {
  const held = positions?.map(({ market_value }) =>
    market_value === null ? null : new Big(market_value).abs(),
  )
  return held?.every((value) => value !== null) ? held : null
}

/** Returns the use in the unit of the limit, null where it cannot be told. */
export function useOf(limit: Limit, { account, positions, openOrders }: Figures): string | null {
  if (limit.use !== null) return limit.use
  switch (limit.name) {
    case 'max_positions':
      return positions ? String(positions.length) : null
    case 'max_open_orders':
      return openOrders ? String(openOrders.length) : null
    case 'daily_loss_reduce_only':
    case 'daily_loss_halt':
      return fall(account?.day_start_equity, account?.equity)
    case 'drawdown_halt':
      return fall(account?.peak_equity, account?.equity)
    case 'min_account_equity':
      return account?.equity ?? null
    case 'max_gross_exposure': {
      const held = values(positions)
      const total = held ? sum(held.map((value) => value.toFixed())) : null
      return total === null ? null : part(new Big(total), account?.equity)
    }
    case 'max_symbol_exposure':
    case 'max_position_fraction': {
      const held = values(positions)
      if (!held) return null
      const largest = held.reduce((most, value) => (value.gt(most) ? value : most), new Big(0))
      return part(largest, account?.equity)
    }
    default:
      return null
  }
}

/** Returns use against limit in per cent, as text. */
export function usedPercent(use: string, value: string | number): string | null {
  const whole = new Big(String(value))
  return whole.lte(0) ? null : new Big(use).times(100).div(whole).toFixed(1)
}
