import { expect, test } from 'vitest'
import { useOf } from './limit-use.ts'
import { differences, fromInput, isRaise, toInput, withValue } from './limit-values.ts'
import type { Limit } from './risk-queries.ts'

function limit(fields: Partial<Limit>): Limit {
  return {
    name: 'max_order_notional',
    rule: 'R-P7',
    text: 'largest order',
    unit: 'USD',
    tighter: 'lower',
    value: '5000',
    bound_by: 'user',
    use: null,
    ...fields,
  }
}
const PART = limit({ name: 'max_gross_exposure', unit: 'of equity', value: '0.15' })

test('parts of one are typed in per cent', () => {
  expect(toInput(PART, '0.15')).toBe('15')
  expect(fromInput(PART, '7.5')).toBe('0.075')
})

test('what is no number of the kind is no value', () => {
  expect(fromInput(limit({}), '1,000')).toBeUndefined()
  expect(fromInput(limit({}), '-1')).toBeUndefined()
  expect(fromInput(limit({ value: 10 }), '1.5')).toBeUndefined()
  expect(fromInput(limit({ value: 10 }), '12')).toBe(12)
  expect(fromInput(limit({ tighter: 'subset', value: null }), ' btc/usd, aapl ,')).toEqual([
    'AAPL',
    'BTC/USD',
  ])
})

test.each([
  [limit({}), '5000', '6000', true],
  [limit({}), '5000', '4000', false],
  [limit({}), null, '6000', false],
  [limit({}), '5000', null, true],
  [limit({ tighter: 'higher' }), '10', '5', true],
  [limit({ tighter: 'subset' }), ['AAPL'], ['AAPL', 'MSFT'], true],
  [limit({ tighter: 'subset' }), ['AAPL', 'MSFT'], ['AAPL'], false],
  [limit({ tighter: 'false' }), null, true, true],
  [limit({ tighter: 'false' }), true, false, false],
] as const)('whether a change loosens: %#', (one, old, next, expected) => {
  expect(isRaise(one, old as Limit['value'], next as Limit['value'])).toBe(expected)
})

test('a layer is sent whole, without what it does not say', () => {
  const values = { max_orders_per_day: 20, max_positions: null, by_symbol: {} }
  expect(withValue(values, 'max_order_notional', '10')).toEqual({
    max_orders_per_day: 20,
    max_order_notional: '10',
  })
  expect(withValue(values, 'max_orders_per_day', null)).toEqual({})
  expect(differences(values, { max_orders_per_day: 30 })).toEqual(['max_orders_per_day'])
})

test('the use of a loss is told from the figures of the account', () => {
  const account = { day_start_equity: '1000', equity: '990', peak_equity: '1100' } as never
  const figures = { account, positions: undefined, openOrders: undefined }
  expect(useOf(limit({ name: 'daily_loss_halt' }), figures)).toBe('0.010000')
  expect(useOf(limit({ name: 'drawdown_halt' }), figures)).toBe('0.100000')
  expect(useOf(limit({ name: 'max_positions' }), figures)).toBeNull()
  expect(useOf(limit({ use: '3' }), figures)).toBe('3')
})
