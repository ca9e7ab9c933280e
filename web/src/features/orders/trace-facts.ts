/** Facts of a step. The server gives them as open data, so each is looked at before it is used. */
import type { Step } from '@/features/signals/queries.ts'

export interface Check {
  rule: string
  code: string
  outcome: string
  text: string
  value: string | null
  limit: string | null
  unit: string
}

export type Mark = 'refused' | 'rejected' | 'unknown' | null

const OVER_STATES = new Set([
  'filled',
  'canceled',
  'replaced',
  'rejected',
  'expired',
  'not_placed',
  'quarantined',
])
const OVER_PLANS = new Set(['ignored', 'expired', 'refused', 'done'])
/** How long a plan may take to appear behind the signal that it comes from. */
const PLANNING = 10_000

export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf).filter(Boolean) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

export function checksOf(step: Step): Check[] {
  const checks = step.data['checks']
  if (!Array.isArray(checks)) return []
  return checks.filter(isRecord).map((check) => {
    const numbers = recordOf(check['numbers'])
    return {
      rule: textOf(check['rule']),
      code: textOf(check['code']),
      outcome: textOf(check['outcome']),
      text: textOf(check['text']),
      value: textOf(numbers['value']) || null,
      limit: textOf(numbers['limit']) || null,
      unit: textOf(numbers['unit']),
    }
  })
}

const STOPPING = new Set(['refuse', 'soft', 'unavailable'])

export function isStopping(check: Check): boolean {
  return STOPPING.has(check.outcome)
}

export function markOf(step: Step): Mark {
  const state = textOf(step.data['state'])
  if (step.step === 'rejected' || step.step === 'cancel_refused' || step.step === 'replace_refused')
    return 'rejected'
  if (step.step === 'unknown' || step.step === 'quarantined') return 'unknown'
  if (step.step === 'risk' && step.data['outcome'] === 'refused') return 'refused'
  // A step tells the present state of its plan: one that risk refused later was not refused when it was planned.
  if (step.step === 'planned' && state === 'refused' && isFilter(textOf(step.data['reason'])))
    return 'refused'
  if (step.step === 'parsed' && state === 'unreadable') return 'refused'
  return null
}

/** Tells the reasons of a follow's own filters from the codes of risk, which are in capitals. */
function isFilter(reason: string): boolean {
  return reason === reason.toLowerCase()
}

function isFinal(step: Step, now: number): boolean {
  const state = textOf(step.data['state'])
  switch (step.step) {
    case 'received':
      return false
    case 'parsed':
      return state !== 'accepted' || now - Date.parse(step.at) > PLANNING
    case 'planned':
    case 'decided':
      return OVER_PLANS.has(state)
    case 'risk':
      return step.data['outcome'] === 'refused'
    case 'intent':
    case 'sent':
      return false
    default:
      return OVER_STATES.has(textOf(step.data['to']))
  }
}

/** Tells whether nothing more is to come: each order is in its last state, and each account without one is decided. */
export function isOver(steps: readonly Step[], now = Date.now()): boolean {
  const lasts = new Map<string, Step>()
  const withOrder = new Set(steps.flatMap((step) => (step.order_id ? [step.account_id] : [])))
  for (const step of steps) {
    // What is said of an account before its order exists is overtaken by the order.
    if (!step.order_id && step.account_id && withOrder.has(step.account_id)) continue
    if (!step.account_id && steps.some((other) => other.account_id)) continue
    lasts.set(step.order_id ?? step.account_id ?? 'signal', step)
  }
  return [...lasts.values()].every((step) => isFinal(step, now))
}

/** Returns microseconds since the epoch; the browser's own dates end at milliseconds. */
function microseconds(at: string): number {
  const digits = /\.(\d+)/.exec(at)?.[1] ?? ''
  const whole = Date.parse(at.replace(/\.\d+/, ''))
  return whole * 1_000 + Number(digits.padEnd(6, '0').slice(0, 6))
}

/** Returns the milliseconds between two times, to a tenth. */
export function millisecondsBetween(first: string, at: string): number {
  return Math.round((microseconds(at) - microseconds(first)) / 100) / 10
}

/** Returns a time as UTC with its microseconds, whatever the zone of the reader. */
export function toUtc(at: string): string {
  const digits = (/\.(\d+)/.exec(at)?.[1] ?? '').padEnd(6, '0').slice(0, 6)
  const whole = new Date(at.replace(/\.\d+/, ''))
  return Number.isNaN(whole.getTime()) ? at : `${whole.toISOString().slice(0, 19)}.${digits}Z`
}
