import { describe, expect, test } from 'vitest'
import { addQuote, type Bar, decimalsOf, spanOf, summarize, withLive } from './bars.ts'

const BAR: Bar = {
  at: '2026-11-27T10:00:00Z',
  open: '100',
  high: '102.5',
  low: '99',
  close: '101',
  volume: '12',
}

describe('the live bar', () => {
  test('takes the price in as close, and as high or low where it goes beyond', () => {
    const at = '2026-11-27T10:04:59Z'
    expect(addQuote(BAR, { last: '101.5', at }, '5m').bar).toEqual({ ...BAR, close: '101.5' })
    expect(addQuote(BAR, { last: '103.00', at }, '5m').bar).toMatchObject({ high: '103.00', low: '99' })
    expect(addQuote(BAR, { last: '98.9', at }, '5m').bar).toMatchObject({ high: '102.5', low: '98.9' })
  })

  test('gives way to the next one on the minute, which begins at the price', () => {
    expect(addQuote(BAR, { last: '101.5', at: '2026-11-27T10:05:00Z' }, '5m').bar).toEqual({
      at: '2026-11-27T10:05:00.000Z',
      open: '101.5',
      high: '101.5',
      low: '101.5',
      close: '101.5',
      volume: '0',
    })
  })

  test('is left alone by a price from before it', () => {
    expect(addQuote(BAR, { last: '101.5', at: '2026-11-27T09:59:59Z' }, '5m')).toEqual({
      bar: null,
      isFar: false,
    })
  })

  test.each([
    ['121.2', false],
    ['121.21', true],
    ['80.8', false],
    ['80.79', true],
    ['0', true],
  ])('a price of %s against a close of 101 is far: %s', (last, isFar) => {
    const live = addQuote(BAR, { last, at: '2026-11-27T10:01:00Z' }, '5m')
    expect(live.isFar).toBe(isFar)
    expect(live.bar === null).toBe(isFar)
  })

  test('joins the history in its own place', () => {
    const running = { ...BAR, close: '102' }
    expect(withLive([BAR], running)).toEqual([running])
    const next = { ...BAR, at: '2026-11-27T10:05:00.000Z' }
    expect(withLive([BAR], next)).toEqual([BAR, next])
    expect(withLive([BAR], null)).toEqual([BAR])
    expect(withLive([], next)).toEqual([])
  })
})

test('a summary is exact, and silent about nothing', () => {
  const later = { ...BAR, at: '2026-11-27T10:05:00Z', high: '109.10', low: '100', close: '100.1' }
  expect(summarize([BAR, later])).toEqual({
    last: '100.1',
    change: '0.1',
    changePercent: '0.10',
    high: '109.10',
    low: '99',
    from: BAR.at,
    to: later.at,
  })
  expect(summarize([])).toBeNull()
})

test('a span ends with the running step and holds no more than the server gives', () => {
  const { start, end } = spanOf('5m', Date.parse('2026-11-27T10:02:00Z'))
  expect(end).toBe('2026-11-27T10:05:00.000Z')
  expect((Date.parse(end) - Date.parse(start)) / 300_000).toBe(500)
})

test.each([
  ['0.01', 2],
  ['1', 0],
  ['0.0500', 2],
  [undefined, undefined],
])('a tick of %s has %s places', (tick, places) => {
  expect(decimalsOf(tick)).toBe(places)
})
