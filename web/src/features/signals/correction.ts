/** The form of a correction: what was typed, what is wrong with it, and what is sent. */
import Big from 'big.js'
import type { Schemas } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { isClosing, isOpening } from './words.tsx'

export type Correction = Schemas['IntentCorrection']
type StopUnit = NonNullable<Schemas['StopLevelModel']['unit']>
type TargetUnit = NonNullable<Schemas['PriceLevelModel']['unit']>

export const STOP_UNITS = [
  'price',
  'percent',
  'amount',
  'pips',
  'points',
  'breakeven',
] as const satisfies StopUnit[]
export const TARGET_UNITS = [
  'price',
  'percent',
  'amount',
  'pips',
  'points',
  'risk',
] as const satisfies TargetUnit[]

export interface CorrectionForm {
  symbol: string
  quantity: string
  quantityUnit: 'units' | 'cash'
  fraction: string
  limitPrice: string
  stopPrice: string
  stopLoss: string
  stopUnit: StopUnit
  targets: string
  targetUnit: TargetUnit
}

export const UNCHANGED: CorrectionForm = {
  symbol: '',
  quantity: '',
  quantityUnit: 'units',
  fraction: '',
  limitPrice: '',
  stopPrice: '',
  stopLoss: '',
  stopUnit: 'price',
  targets: '',
  targetUnit: 'price',
}

export type NumberField = 'quantity' | 'fraction' | 'limitPrice' | 'stopPrice' | 'stopLoss' | 'targets'

/** Tells whether a text is a plain decimal above zero, as the server takes them. */
export function isPositive(text: string): boolean {
  return /^\d{1,18}(\.\d{1,18})?$/.test(text) && new Big(text).gt(0)
}

function split(text: string): string[] {
  return text
    .trim()
    .split(/[\s;]+/)
    .filter(Boolean)
}

export function findFaults(form: CorrectionForm): Set<NumberField> {
  const faults = new Set<NumberField>()
  for (const name of ['quantity', 'limitPrice', 'stopPrice'] as const) {
    const text = form[name].trim()
    if (text && !isPositive(text)) faults.add(name)
  }
  if (form.stopUnit !== 'breakeven' && form.stopLoss.trim() && !isPositive(form.stopLoss.trim()))
    faults.add('stopLoss')
  if (!split(form.targets).every(isPositive)) faults.add('targets')
  const fraction = form.fraction.trim()
  if (fraction && !(isPositive(fraction) && new Big(fraction).lte(1))) faults.add('fraction')
  return faults
}

/** Returns the fields that were typed and no others: what is absent stays as the signal says. */
export function toCorrection(form: CorrectionForm, plan: Plan): Correction {
  const { intent } = plan
  const given: Correction = {}
  const text = (name: keyof CorrectionForm): string => form[name].trim()
  if (text('symbol')) given.symbol = text('symbol')
  if (text('quantity')) {
    given.quantity = text('quantity')
    given.quantity_unit = form.quantityUnit
  }
  if (text('fraction') && isClosing(intent)) given.fraction = text('fraction')
  if (text('limitPrice')) {
    given.limit_price = text('limitPrice')
    if (intent.order_type === 'market') given.order_type = 'limit'
  }
  if (text('stopPrice')) given.stop_price = text('stopPrice')
  if (form.stopUnit === 'breakeven') given.stop_loss = { value: '0', unit: 'breakeven', trailing: false }
  else if (text('stopLoss'))
    given.stop_loss = { value: text('stopLoss'), unit: form.stopUnit, trailing: false }
  const targets = split(form.targets)
  if (targets.length > 0) given.take_profits = targets.map((value) => ({ value, unit: form.targetUnit }))
  return given
}

/** Returns the plan as it would be after the correction, for the words of the dialog. */
export function corrected(plan: Plan, correction: Correction): Plan {
  const { quantity, quantity_unit, fraction, symbol } = correction
  const typed = quantity ? { quantity, quantity_unit: quantity_unit ?? 'units', fraction: null } : {}
  const part = fraction && !quantity ? { fraction, quantity: null } : {}
  return {
    ...plan,
    ...(quantity && isOpening(plan.intent) ? { sizing_mode: 'multiplier' as const, sizing_value: '1' } : {}),
    intent: { ...plan.intent, ...(symbol ? { symbol } : {}), ...typed, ...part },
  }
}
