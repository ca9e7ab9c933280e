/** Fields of a correction. An empty one keeps what the signal says, which stands in its hint. */
import { useTranslations } from 'use-intl'
import type { Plan } from '@/api/queries.ts'
import { SelectField, TextField } from '@/components/field.tsx'
import { type CorrectionForm, type NumberField, STOP_UNITS, TARGET_UNITS } from './correction.ts'
import { isClosing, useWords } from './words.tsx'

export function CorrectFields({
  plan,
  form,
  faults,
  onChange,
}: {
  plan: Plan
  form: CorrectionForm
  faults: ReadonlySet<NumberField>
  onChange: (form: CorrectionForm) => void
}) {
  const t = useTranslations('signals')
  const { level } = useWords()
  const { intent } = plan
  const put = (change: Partial<CorrectionForm>) => onChange({ ...form, ...change })
  const fault = (name: NumberField, text = t('badNumber')) => (faults.has(name) ? text : undefined)
  const needsStop = intent.order_type === 'stop' || intent.order_type === 'stop_limit'
  const stopUnit = STOP_UNITS.find((unit) => unit === form.stopUnit)
  return (
    <div className="flex flex-col gap-3">
      <p className="text-ink2">{t('correctHint')}</p>
      {intent.symbol ? null : (
        <TextField
          label={t('symbol')}
          value={form.symbol}
          maxLength={40}
          onChange={(event) => put({ symbol: event.target.value })}
        />
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label={t('quantity')}
          hint={t('quantityHint')}
          error={fault('quantity')}
          inputMode="decimal"
          value={form.quantity}
          onChange={(event) => put({ quantity: event.target.value })}
        />
        <SelectField
          label={t('quantityUnit')}
          value={form.quantityUnit}
          onChange={(event) => put({ quantityUnit: event.target.value === 'cash' ? 'cash' : 'units' })}
        >
          <option value="units">{t('quantityUnits.units')}</option>
          <option value="cash">{t('quantityUnits.cash')}</option>
        </SelectField>
      </div>
      {isClosing(intent) ? (
        <TextField
          label={t('fraction')}
          hint={t('fractionHint')}
          error={fault('fraction', t('badFraction'))}
          inputMode="decimal"
          value={form.fraction}
          onChange={(event) => put({ fraction: event.target.value })}
        />
      ) : null}
      <TextField
        label={t('limit')}
        hint={intent.limit_price ?? t('limitHint')}
        error={fault('limitPrice')}
        inputMode="decimal"
        value={form.limitPrice}
        onChange={(event) => put({ limitPrice: event.target.value })}
      />
      {needsStop ? (
        <TextField
          label={t('detail.trigger')}
          hint={intent.stop_price}
          error={fault('stopPrice')}
          inputMode="decimal"
          value={form.stopPrice}
          onChange={(event) => put({ stopPrice: event.target.value })}
        />
      ) : null}
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label={t('stop')}
          hint={intent.stop_loss ? level(intent.stop_loss) : null}
          error={fault('stopLoss')}
          inputMode="decimal"
          disabled={form.stopUnit === 'breakeven'}
          value={form.stopUnit === 'breakeven' ? '' : form.stopLoss}
          onChange={(event) => put({ stopLoss: event.target.value })}
        />
        <SelectField
          label={t('stopLossUnit')}
          value={stopUnit}
          onChange={(event) =>
            put({ stopUnit: STOP_UNITS.find((unit) => unit === event.target.value) ?? 'price' })
          }
        >
          {STOP_UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(`units.${unit}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t('targets')}
          hint={intent.take_profits?.length ? intent.take_profits.map(level).join('; ') : t('targetHint')}
          error={fault('targets')}
          value={form.targets}
          onChange={(event) => put({ targets: event.target.value })}
        />
        <SelectField
          label={t('targetUnit')}
          value={form.targetUnit}
          onChange={(event) =>
            put({ targetUnit: TARGET_UNITS.find((unit) => unit === event.target.value) ?? 'price' })
          }
        >
          {TARGET_UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(`units.${unit}`)}
            </option>
          ))}
        </SelectField>
      </div>
    </div>
  )
}
