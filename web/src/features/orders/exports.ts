/** The columns of each exported table. */
import type { Order } from '@/api/queries.ts'
import type { CsvCells } from './export-button.tsx'
import type { Fill, Verdict } from './order-queries.ts'
import { decidingChecks } from './refusals-table.tsx'

type Names = ReadonlyMap<string, string>

export const ORDER_HEAD = [
  'time_utc',
  'account',
  'symbol',
  'side',
  'role',
  'type',
  'quantity',
  'filled',
  'limit_price',
  'stop_price',
  'average_price',
  'fees',
  'state',
  'reason_code',
  'reason',
  'order_id',
  'trace_id',
] as const

export function orderCells(order: Order, names: Names): CsvCells {
  return [
    order.created_at,
    names.get(order.account_id) ?? order.account_id,
    order.symbol,
    order.side,
    order.role,
    order.order_type,
    order.quantity,
    order.cumulative_quantity,
    order.limit_price,
    order.stop_price,
    order.average_price,
    order.fees,
    order.state,
    order.reason_code,
    order.reason,
    order.id,
    order.trace_id,
  ]
}

export const FILL_HEAD = [
  'time_utc',
  'account',
  'symbol',
  'side',
  'quantity',
  'price',
  'fee',
  'kind',
  'fill_id',
  'order_id',
  'trace_id',
] as const

export function fillCells(fill: Fill, names: Names): CsvCells {
  return [
    fill.executed_at,
    names.get(fill.account_id) ?? fill.account_id,
    fill.symbol,
    fill.side,
    fill.quantity,
    fill.price,
    fill.fee,
    fill.kind,
    fill.id,
    fill.order_id,
    fill.trace_id,
  ]
}

export const VERDICT_HEAD = [
  'time_utc',
  'account',
  'outcome',
  'codes',
  'words',
  'verdict_id',
  'plan_id',
  'trace_id',
] as const

export function verdictCells(verdict: Verdict, names: Names): CsvCells {
  return [
    verdict.at,
    names.get(verdict.account_id) ?? verdict.account_id,
    verdict.outcome,
    verdict.reasons.join(' '),
    decidingChecks(verdict)
      .map((check) => check.text)
      .join('; '),
    verdict.id,
    verdict.plan_id,
    verdict.trace_id,
  ]
}
