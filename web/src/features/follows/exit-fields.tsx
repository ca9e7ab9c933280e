/** Where positions of a follow end: by the source, or by distances of its own. */
import { useTranslations } from 'use-intl'
import { CheckField, SelectField, TextField } from '@/components/field.tsx'
import { STOP_UNITS, TARGET_UNITS } from './follow-form.ts'
import type { FieldsProps } from './size-fields.tsx'

export function ExitFields({ form, faults, onChange }: FieldsProps) {
  const t = useTranslations('follows')
  const hasDistance = form.stopUnit !== 'none' && form.stopUnit !== 'breakeven'
  return (
    <fieldset className="flex flex-col gap-3 border-line border-t pt-3">
      <legend className="font-semibold">{t('form.exits')}</legend>
      <CheckField
        label={t('form.useSignalExits')}
        hint={t('form.useSignalExitsHint')}
        checked={form.useSignalExits}
        onChange={(event) => onChange({ ...form, useSignalExits: event.target.checked })}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label={t('form.stopUnit')}
          value={form.stopUnit}
          onChange={(event) => {
            const stopUnit = STOP_UNITS.find((unit) => unit === event.target.value) ?? 'none'
            const trailing = form.trailing && stopUnit !== 'none' && stopUnit !== 'breakeven'
            onChange({ ...form, stopUnit, trailing })
          }}
        >
          {STOP_UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(`stopUnits.${unit}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t('form.stop')}
          disabled={!hasDistance}
          error={faults.has('stop') ? t('form.faults.distance') : undefined}
          inputMode="decimal"
          value={hasDistance ? form.stop : ''}
          onChange={(event) => onChange({ ...form, stop: event.target.value })}
        />
        {hasDistance ? (
          <div className="sm:col-span-2">
            <CheckField
              label={t('form.trailing')}
              checked={form.trailing}
              onChange={(event) => onChange({ ...form, trailing: event.target.checked })}
            />
          </div>
        ) : null}
        <SelectField
          label={t('form.targetUnit')}
          value={form.targetUnit}
          onChange={(event) =>
            onChange({
              ...form,
              targetUnit: TARGET_UNITS.find((unit) => unit === event.target.value) ?? 'percent',
            })
          }
        >
          {TARGET_UNITS.map((unit) => (
            <option key={unit} value={unit}>
              {t(`targetUnits.${unit}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t('form.targets')}
          hint={t('form.targetsHint')}
          error={faults.has('targets') ? t('form.faults.distance') : undefined}
          value={form.targets}
          onChange={(event) => onChange({ ...form, targets: event.target.value })}
        />
      </div>
    </fieldset>
  )
}
