/** Who follows whom, how large, and whether somebody is asked. */
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import { SelectField, TextField } from '@/components/field.tsx'
import { type Fault, type FollowForm, SIZING_MODES } from './follow-form.ts'
import type { Source } from './queries.ts'

export interface FieldsProps {
  form: FollowForm
  faults: ReadonlySet<Fault>
  onChange: (form: FollowForm) => void
}

export function WhoFields({
  form,
  faults,
  accounts,
  sources,
  onChange,
}: FieldsProps & { accounts: Schemas['AccountRead'][]; sources: Source[] }) {
  const t = useTranslations('follows')
  const app = useTranslations('app')
  const own = sources.filter((source) => source.is_own)
  const others = sources.filter((source) => !source.is_own)
  const options = (list: Source[]) =>
    list.map((source) => (
      <option key={source.id} value={source.id}>
        {source.name}
      </option>
    ))
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <SelectField
        label={t('source')}
        value={form.sourceId}
        error={faults.has('source') ? t('form.faults.source') : undefined}
        onChange={(event) => onChange({ ...form, sourceId: event.target.value })}
      >
        <option value="">{t('form.chooseSource')}</option>
        {own.length > 0 ? <optgroup label={t('form.ownGroup')}>{options(own)}</optgroup> : null}
        {others.length > 0 ? <optgroup label={t('form.publicGroup')}>{options(others)}</optgroup> : null}
      </SelectField>
      <SelectField
        label={t('account')}
        value={form.accountId}
        error={faults.has('account') ? t('form.faults.account') : undefined}
        onChange={(event) => onChange({ ...form, accountId: event.target.value })}
      >
        <option value="">{t('form.chooseAccount')}</option>
        {accounts.map((account) => (
          <option key={account.id} value={account.id}>
            {`${account.label} · ${account.is_paper ? app('paper') : app('live')}`}
          </option>
        ))}
      </SelectField>
    </div>
  )
}

export function SizeFields({
  form,
  faults,
  currency,
  onChange,
}: FieldsProps & { currency: string | undefined }) {
  const t = useTranslations('follows')
  const put = (change: Partial<FollowForm>) => onChange({ ...form, ...change })
  const valueFault = faults.has('value')
    ? t('form.faults.value')
    : faults.has('percent')
      ? t('form.faults.percent')
      : undefined
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <SelectField
        label={t('form.sizingMode')}
        value={form.sizingMode}
        onChange={(event) =>
          put({ sizingMode: SIZING_MODES.find((mode) => mode === event.target.value) ?? form.sizingMode })
        }
      >
        {SIZING_MODES.map((mode) => (
          <option key={mode} value={mode}>
            {t(`sizingModes.${mode}`)}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t('form.sizingValue')}
        hint={t(`sizingHints.${form.sizingMode}`, { currency: currency ?? t('accountCurrency') })}
        error={valueFault}
        inputMode="decimal"
        value={form.sizingValue}
        onChange={(event) => put({ sizingValue: event.target.value })}
      />
      <SelectField
        label={t('form.mode')}
        value={form.mode}
        onChange={(event) => put({ mode: event.target.value === 'auto' ? 'auto' : 'approve' })}
      >
        <option value="approve">{t('modes.approve')}</option>
        <option value="auto">{t('modes.auto')}</option>
      </SelectField>
      <TextField
        label={t('form.minutes')}
        hint={t('form.minutesHint')}
        error={faults.has('minutes') ? t('form.faults.minutes') : undefined}
        inputMode="numeric"
        value={form.minutes}
        onChange={(event) => put({ minutes: event.target.value })}
      />
      <TextField
        label={t('form.bar')}
        hint={t('form.barHint')}
        error={faults.has('bar') ? t('form.faults.bar') : undefined}
        inputMode="decimal"
        value={form.bar}
        onChange={(event) => put({ bar: event.target.value })}
      />
    </div>
  )
}
