/** What a person types to go beyond a soft limit: the order's symbol, its value, and why. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { TextField } from '@/components/field.tsx'
import { isPositive } from './correction.ts'
import { type Step, traceQuery } from './queries.ts'

type Confirmation = Schemas['Confirmation']

export const EMPTY_CONFIRMATION: Confirmation = { symbol: '', notional: '', reason: '' }
const SHORTEST_REASON = 3
/** Limits that a person may exceed; all others refuse whatever is typed. */
const SOFT = new Set(['MAX_ORDER_NOTIONAL', 'MAX_ORDERS_PER_DAY', 'DUPLICATE_ORDER'])

export function wantsConfirmation(plan: Plan): boolean {
  return plan.reason.split(',').some((code) => SOFT.has(code))
}

export function isConfirmed({ symbol, notional, reason }: Confirmation, wanted: string): boolean {
  return symbol.trim() === wanted && isPositive(notional.trim()) && reason.trim().length >= SHORTEST_REASON
}

export function ConfirmFields({
  plan,
  symbol,
  value,
  onChange,
}: {
  plan: Plan
  symbol: string
  value: Confirmation
  onChange: (value: Confirmation) => void
}) {
  const t = useTranslations('signals')
  const trace = useQuery({ ...traceQuery(plan.trace_id), enabled: wantsConfirmation(plan) })
  const measured = softTexts(trace.data?.steps ?? [], plan.account_id)
  const typed = value.symbol.trim()
  const notional = value.notional.trim()
  return (
    <fieldset className="flex flex-col gap-3 border-warn border-l-4 pl-4">
      <legend className="font-semibold">{t('confirmTitle')}</legend>
      <p>{t('confirmWhat')}</p>
      {measured.length > 0 ? (
        <div>
          <p className="text-ink3 text-meta">{t('confirmMeasured')}</p>
          <ul className="numeric list-disc pl-5">
            {measured.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      ) : null}
      <TextField
        label={t('confirmSymbol')}
        hint={symbol}
        value={value.symbol}
        maxLength={40}
        autoComplete="off"
        error={typed && !symbol.startsWith(typed) ? t('confirmWrongSymbol') : undefined}
        onChange={(event) => onChange({ ...value, symbol: event.target.value })}
      />
      <TextField
        label={t('confirmNotional')}
        hint={t('confirmNotionalHint')}
        value={value.notional}
        inputMode="decimal"
        autoComplete="off"
        error={notional && !isPositive(notional) ? t('badNumber') : undefined}
        onChange={(event) => onChange({ ...value, notional: event.target.value })}
      />
      <TextField
        label={t('confirmReason')}
        hint={t('confirmReasonHint')}
        value={value.reason}
        maxLength={500}
        onChange={(event) => onChange({ ...value, reason: event.target.value })}
      />
    </fieldset>
  )
}

/** Returns what the newest verdict of the account says about the limits that hold it. */
function softTexts(steps: readonly Step[], accountId: string): string[] {
  const verdict = steps.filter((step) => step.step === 'risk' && step.account_id === accountId).at(-1)
  const checks = verdict?.data['checks']
  if (!Array.isArray(checks)) return []
  return checks
    .filter((check: { outcome?: unknown }) => check.outcome === 'soft')
    .map((check: { text?: unknown }) => String(check.text ?? ''))
}
