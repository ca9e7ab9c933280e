/** The form of a follow: what was typed, what is wrong with it, and what is sent. */
import Big from 'big.js'
import type { Schemas } from '@/api/client.ts'
import { isPositive } from '@/features/signals/correction.ts'
import { ZONE } from '@/i18n/index.tsx'
import type { Follow, FollowSettings } from './queries.ts'

type SizingMode = Schemas['SizingMode']
type Exits = Schemas['ExitPolicyModel']

export const SIZING_MODES = [
  'fixed_quantity',
  'fixed_cash',
  'percent_equity',
  'risk_to_stop',
  'multiplier',
] as const satisfies SizingMode[]
export const ASSETS = [
  'stock',
  'etf',
  'option',
  'crypto',
  'forex',
  'future',
] as const satisfies Schemas['AssetClass'][]
export const STOP_UNITS = ['none', 'percent', 'amount', 'pips', 'points', 'breakeven'] as const
export const TARGET_UNITS = ['percent', 'amount', 'pips', 'points', 'risk'] as const
export const DAYS = [1, 2, 3, 4, 5, 6, 7] as const

export interface WindowForm {
  id: string
  days: number[]
  from: string
  to: string
  zone: string
}

export interface FollowForm {
  sourceId: string
  accountId: string
  sizingMode: SizingMode
  sizingValue: string
  mode: 'approve' | 'auto'
  minutes: string
  /** In per cent, as people say it. */
  bar: string
  allowed: string
  blocked: string
  assets: Schemas['AssetClass'][]
  windows: WindowForm[]
  useSignalExits: boolean
  stop: string
  stopUnit: (typeof STOP_UNITS)[number]
  trailing: boolean
  targets: string
  targetUnit: (typeof TARGET_UNITS)[number]
}

export type Fault =
  | 'source'
  | 'account'
  | 'value'
  | 'percent'
  | 'bar'
  | 'minutes'
  | 'stop'
  | 'trailing'
  | 'targets'
  | `days ${string}`
  | `hours ${string}`
  | `zone ${string}`

export function newWindow(): WindowForm {
  return { id: crypto.randomUUID(), days: [1, 2, 3, 4, 5], from: '09:30', to: '16:00', zone: ZONE ?? 'UTC' }
}

export function emptyForm(sourceId: string, accountId: string): FollowForm {
  return {
    sourceId,
    accountId,
    sizingMode: 'percent_equity',
    sizingValue: '1',
    mode: 'approve',
    minutes: '10',
    bar: '80',
    allowed: '',
    blocked: '',
    assets: [],
    windows: [],
    ...exitFields(undefined),
  }
}

function exitFields(exits: Exits | undefined) {
  const stop = exits?.stop
  const unit = exits?.targets?.[0]?.unit
  return {
    useSignalExits: exits?.use_signal_exits ?? true,
    stop: stop?.unit === 'breakeven' ? '' : (stop?.value ?? ''),
    stopUnit: stop ? (STOP_UNITS.find((known) => known === stop.unit) ?? 'percent') : 'none',
    trailing: stop?.trailing ?? false,
    targets: (exits?.targets ?? []).map((target) => target.value).join(' '),
    targetUnit: TARGET_UNITS.find((known) => known === unit) ?? 'percent',
  } satisfies Partial<FollowForm>
}

export function formOf(follow: Follow): FollowForm {
  return {
    sourceId: follow.source_id,
    accountId: follow.account_id,
    sizingMode: follow.sizing_mode,
    sizingValue: follow.sizing_value,
    mode: follow.mode ?? 'approve',
    minutes: String(follow.approval_minutes ?? 10),
    bar: new Big(follow.confidence_bar ?? '0.8').times(100).toFixed(),
    allowed: (follow.symbols_allowed ?? []).join(', '),
    blocked: (follow.symbols_blocked ?? []).join(', '),
    assets: follow.asset_classes ?? [],
    windows: (follow.windows ?? []).map((window) => ({
      id: crypto.randomUUID(),
      days: window.days,
      from: window.from.slice(0, 5),
      to: window.to.slice(0, 5),
      zone: window.timezone,
    })),
    ...exitFields(follow.exit_policy),
  }
}

function numbers(text: string): string[] {
  return text
    .trim()
    .split(/[\s;]+/)
    .filter(Boolean)
}

function symbols(text: string): string[] {
  return text
    .split(/[,;\n]+/)
    .map((symbol) => symbol.trim())
    .filter(Boolean)
}

function isShare(text: string): boolean {
  return /^\d{1,3}(\.\d{1,4})?$/.test(text) && new Big(text).lte(100)
}

export function findFaults(form: FollowForm): Set<Fault> {
  const faults = new Set<Fault>()
  const note = (isWrong: boolean, fault: Fault): void => {
    if (isWrong) faults.add(fault)
  }
  const value = form.sizingValue.trim()
  const isPercent = form.sizingMode === 'percent_equity' || form.sizingMode === 'risk_to_stop'
  const isDistance = form.stopUnit !== 'none' && form.stopUnit !== 'breakeven'
  const minutes = form.minutes.trim()
  note(!form.sourceId, 'source')
  note(!form.accountId, 'account')
  note(!isPositive(value), 'value')
  note(isPercent && isPositive(value) && new Big(value).gt(100), 'percent')
  note(!isShare(form.bar.trim()), 'bar')
  note(!/^\d{1,4}$/.test(minutes) || !new Big(minutes).gte(1) || !new Big(minutes).lte(1440), 'minutes')
  note(isDistance && !isPositive(form.stop.trim()), 'stop')
  note(form.trailing && form.stopUnit === 'breakeven', 'trailing')
  note(!numbers(form.targets).every(isPositive), 'targets')
  for (const { id, days, from, to, zone } of form.windows) {
    note(days.length === 0, `days ${id}`)
    note(!from || !to || from === to, `hours ${id}`)
    note(!isZone(zone.trim()), `zone ${id}`)
  }
  return faults
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone !== ''
  } catch {
    return false
  }
}

function toExits(form: FollowForm, before: Exits | undefined): Exits {
  const old = exitFields(before)
  const stopKept = old.stop === form.stop && old.stopUnit === form.stopUnit && old.trailing === form.trailing
  const targetsKept = old.targets === form.targets && old.targetUnit === form.targetUnit
  const targets = numbers(form.targets).map((value) => ({ value, unit: form.targetUnit }))
  // The form knows fewer kinds of exits than the server: those that nobody touched stay as they are.
  return {
    use_signal_exits: form.useSignalExits,
    targets: targetsKept ? (before?.targets ?? []) : targets,
    ...(stopKept ? (before?.stop ? { stop: before.stop } : {}) : stopOf(form)),
  }
}

function stopOf({ stop, stopUnit, trailing }: FollowForm): Pick<Exits, 'stop'> {
  if (stopUnit === 'none') return {}
  if (stopUnit === 'breakeven') return { stop: { value: '0', unit: stopUnit, trailing: false } }
  return { stop: { value: stop.trim(), unit: stopUnit, trailing } }
}

export function toSettings(form: FollowForm, before?: Follow): FollowSettings {
  return {
    sizing_mode: form.sizingMode,
    sizing_value: form.sizingValue.trim(),
    mode: form.mode,
    approval_minutes: Number(form.minutes.trim()),
    confidence_bar: new Big(form.bar.trim()).div(100).toFixed(),
    symbols_allowed: symbols(form.allowed),
    symbols_blocked: symbols(form.blocked),
    asset_classes: form.assets,
    windows: form.windows.map(({ days, from, to, zone }) => ({ days, from, to, timezone: zone.trim() })),
    exit_policy: toExits(form, before?.exit_policy),
  }
}
