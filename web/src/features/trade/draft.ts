/** What stands in the ticket's fields, and the order that it comes to. Amounts stay the text that was typed. */
import type { OrderCreate } from './queries.ts'

export type OrderType = OrderCreate['type']
export type TimeInForce = NonNullable<OrderCreate['time_in_force']>

export interface Draft {
  accountId: string
  symbol: string
  side: 'buy' | 'sell'
  effect: 'open' | 'close'
  type: OrderType
  sizeIn: 'units' | 'cash'
  quantity: string
  notional: string
  limitPrice: string
  stopPrice: string
  trailAmount: string
  stopLoss: string
  takeProfit: string
  timeInForce: TimeInForce
}

export const EMPTY: Draft = {
  accountId: '',
  symbol: '',
  side: 'buy',
  effect: 'open',
  type: 'market',
  sizeIn: 'units',
  quantity: '',
  notional: '',
  limitPrice: '',
  stopPrice: '',
  trailAmount: '',
  stopLoss: '',
  takeProfit: '',
  timeInForce: 'day',
}

export interface Confirmation {
  symbol: string
  notional: string
  reason: string
}

export function needsLimit(type: OrderType): boolean {
  return type === 'limit' || type === 'stop_limit'
}

export function needsStop(type: OrderType): boolean {
  return type === 'stop' || type === 'stop_limit'
}

/** Returns the request's body: only what the order type knows and what was filled in. */
export function toOrder(draft: Draft, confirmation?: Confirmation): OrderCreate {
  const filled = (text: string): string | null => text.trim() || null
  const opens = draft.effect === 'open'
  return {
    account_id: draft.accountId,
    symbol: draft.symbol,
    side: draft.side,
    position_effect: draft.effect,
    type: draft.type,
    quantity: draft.sizeIn === 'units' ? filled(draft.quantity) : null,
    notional: draft.sizeIn === 'cash' ? filled(draft.notional) : null,
    limit_price: needsLimit(draft.type) ? filled(draft.limitPrice) : null,
    stop_price: needsStop(draft.type) ? filled(draft.stopPrice) : null,
    trail_amount: draft.type === 'trailing_stop' ? filled(draft.trailAmount) : null,
    trail_percent: null,
    stop_loss: opens ? filled(draft.stopLoss) : null,
    take_profit: opens ? filled(draft.takeProfit) : null,
    time_in_force: draft.timeInForce,
    extended_hours: false,
    confirmation: confirmation ?? null,
  }
}
