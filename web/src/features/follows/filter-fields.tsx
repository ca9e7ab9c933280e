/** Which entries a follow takes: symbols, kinds of instrument, hours. */
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { CheckField, TextField } from '@/components/field.tsx'
import { ASSETS, DAYS, type Fault, newWindow, type WindowForm } from './follow-form.ts'
import type { FieldsProps } from './size-fields.tsx'

const MOST_WINDOWS = 20

export function FilterFields({ form, faults, onChange }: FieldsProps) {
  const t = useTranslations('follows')
  const signals = useTranslations('signals')
  return (
    <fieldset className="flex flex-col gap-3 border-line border-t pt-3">
      <legend className="font-semibold">{t('form.filters')}</legend>
      <p className="text-ink2">{t('form.filtersHint')}</p>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label={t('form.allowed')}
          hint={t('form.allowedHint')}
          value={form.allowed}
          onChange={(event) => onChange({ ...form, allowed: event.target.value })}
        />
        <TextField
          label={t('form.blocked')}
          hint={t('form.blockedHint')}
          value={form.blocked}
          onChange={(event) => onChange({ ...form, blocked: event.target.value })}
        />
      </div>
      <fieldset>
        <legend className="font-medium text-table">{t('form.assets')}</legend>
        <p className="mb-1 text-ink3 text-meta">{t('form.assetsHint')}</p>
        <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
          {ASSETS.map((asset) => (
            <CheckField
              key={asset}
              label={signals(`assets.${asset}`)}
              checked={form.assets.includes(asset)}
              onChange={(event) =>
                onChange({
                  ...form,
                  assets: event.target.checked
                    ? [...form.assets, asset]
                    : form.assets.filter((other) => other !== asset),
                })
              }
            />
          ))}
        </div>
      </fieldset>
      <div className="flex flex-col gap-3">
        <p className="font-medium text-table">{t('form.windows')}</p>
        <p className="text-ink3 text-meta">{t('form.windowsHint')}</p>
        {form.windows.map((window, index) => (
          <WindowFields
            key={window.id}
            window={window}
            number={index + 1}
            faults={faults}
            onChange={(changed) =>
              onChange({
                ...form,
                windows: form.windows.map((other) => (other.id === window.id ? changed : other)),
              })
            }
            onRemove={() =>
              onChange({ ...form, windows: form.windows.filter((other) => other.id !== window.id) })
            }
          />
        ))}
        <Button
          className="self-start"
          disabled={form.windows.length >= MOST_WINDOWS}
          onClick={() => onChange({ ...form, windows: [...form.windows, newWindow()] })}
        >
          {t('form.addWindow')}
        </Button>
      </div>
    </fieldset>
  )
}

function WindowFields({
  window,
  number,
  faults,
  onChange,
  onRemove,
}: {
  window: WindowForm
  number: number
  faults: ReadonlySet<Fault>
  onChange: (window: WindowForm) => void
  onRemove: () => void
}) {
  const t = useTranslations('follows')
  const { id, days } = window
  return (
    <fieldset className="flex flex-col gap-3 rounded-[6px] border border-line p-3">
      <legend className="px-1 text-table">{t('form.window', { number })}</legend>
      <fieldset>
        <legend className="font-medium text-table">{t('form.days')}</legend>
        <div className="grid grid-cols-2 gap-2 sm:grid-cols-4">
          {DAYS.map((day) => (
            <CheckField
              key={day}
              label={t(`weekdays.d${day}`)}
              checked={days.includes(day)}
              onChange={(event) =>
                onChange({
                  ...window,
                  days: event.target.checked
                    ? [...days, day].sort((a, b) => a - b)
                    : days.filter((other) => other !== day),
                })
              }
            />
          ))}
        </div>
        {faults.has(`days ${id}`) ? (
          <p role="alert" className="text-danger text-meta">
            {t('form.faults.days')}
          </p>
        ) : null}
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          label={t('form.from')}
          type="time"
          value={window.from}
          error={faults.has(`hours ${id}`) ? t('form.faults.hours') : undefined}
          onChange={(event) => onChange({ ...window, from: event.target.value })}
        />
        <TextField
          label={t('form.to')}
          type="time"
          value={window.to}
          onChange={(event) => onChange({ ...window, to: event.target.value })}
        />
        <TextField
          label={t('form.zone')}
          value={window.zone}
          maxLength={64}
          error={faults.has(`zone ${id}`) ? t('form.faults.zone') : undefined}
          onChange={(event) => onChange({ ...window, zone: event.target.value })}
        />
      </div>
      <Button size="small" className="self-start" onClick={onRemove}>
        {t('form.removeWindow', { number })}
      </Button>
    </fieldset>
  )
}
