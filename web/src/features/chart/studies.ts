/** Moving averages, for drawing alone: numbers are exact enough for a line and decide nothing. */

export type StudyKind = 'simple' | 'exponential'

export const PERIODS = { least: 2, most: 200 } as const

/** Returns the average of the last `period` values at each place, null until there are enough. */
export function simpleAverage(values: readonly number[], period: number): (number | null)[] {
  const averages: (number | null)[] = []
  let sum = 0
  for (const [place, value] of values.entries()) {
    sum += value - (values[place - period] ?? 0)
    averages.push(place + 1 < period ? null : sum / period)
  }
  return averages
}

/** Returns the average that weighs newer values more: begins as the simple one of the first `period` values. */
export function exponentialAverage(values: readonly number[], period: number): (number | null)[] {
  const weight = 2 / (period + 1)
  const averages: (number | null)[] = []
  let sum = 0
  let average: number | null = null
  for (const [place, value] of values.entries()) {
    if (average === null) {
      sum += value
      if (place + 1 === period) average = sum / period
    } else {
      average += weight * (value - average)
    }
    averages.push(average)
  }
  return averages
}

export function average(kind: StudyKind, values: readonly number[], period: number): (number | null)[] {
  return kind === 'simple' ? simpleAverage(values, period) : exponentialAverage(values, period)
}

/** Reads what somebody typed as a period; null where it is none. */
export function readPeriod(text: string): number | null {
  if (!/^\d{1,3}$/.test(text.trim())) return null
  const period = Number(text)
  return period >= PERIODS.least && period <= PERIODS.most ? period : null
}
