import { expect, test } from 'vitest'
import { average, exponentialAverage, readPeriod, simpleAverage } from './studies.ts'

test('a simple average begins with enough values and then follows the last of them', () => {
  expect(simpleAverage([1, 2, 3, 4, 8], 3)).toEqual([null, null, 2, 3, 5])
  expect(simpleAverage([1, 2], 3)).toEqual([null, null])
  expect(simpleAverage([], 3)).toEqual([])
})

test('an exponential average begins as the simple one and weighs newer values more', () => {
  // Weight 2 / (3 + 1): each value moves it half of the way.
  expect(exponentialAverage([1, 2, 3, 4, 8], 3)).toEqual([null, null, 2, 3, 5.5])
  expect(exponentialAverage([5, 5, 5, 5], 2)).toEqual([null, 5, 5, 5])
  expect(exponentialAverage([1], 2)).toEqual([null])
})

test('both stay with a line that does not move, however long', () => {
  const flat = Array.from({ length: 500 }, () => 0.1)
  for (const kind of ['simple', 'exponential'] as const)
    expect(average(kind, flat, 20).at(-1)).toBeCloseTo(0.1, 10)
})

test.each([
  ['20', 20],
  [' 2 ', 2],
  ['200', 200],
  ['1', null],
  ['201', null],
  ['', null],
  ['2.5', null],
  ['-5', null],
  ['1e2', null],
])('the period %j is read as %j', (text, period) => {
  expect(readPeriod(text)).toBe(period)
})
