/** The field for a limit's kind of value. */
import { useTranslations } from 'use-intl'
import { CheckField, SelectField, TextAreaField, TextField } from '@/components/field.tsx'
import { kindOf } from './limit-values.ts'
import type { Limit } from './risk-queries.ts'
import { useLimitWords } from './words.ts'

const CLASSES = ['stock', 'etf', 'option', 'crypto', 'forex', 'future', 'index'] as const

export function LimitField({
  limit,
  text,
  isValid,
  onChange,
}: {
  limit: Limit
  text: string
  isValid: boolean
  onChange: (text: string) => void
}) {
  const t = useTranslations('risk')
  const common = useTranslations('common')
  const classes = useTranslations('positions.classes')
  const words = useLimitWords()
  const kind = kindOf(limit)
  if (kind === 'choice') {
    return (
      <SelectField label={t('newValue')} value={text || 'false'} onChange={(e) => onChange(e.target.value)}>
        <option value="true">{common('yes')}</option>
        <option value="false">{common('no')}</option>
      </SelectField>
    )
  }
  if (kind === 'classes') {
    const chosen = new Set(
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    return (
      <fieldset className="flex flex-col gap-1">
        <legend className="mb-1 font-medium text-table">{t('newValue')}</legend>
        {CLASSES.map((one) => (
          <CheckField
            key={one}
            label={classes(one)}
            checked={chosen.has(one)}
            onChange={(event) => {
              if (event.target.checked) chosen.add(one)
              else chosen.delete(one)
              onChange([...chosen].join(', '))
            }}
          />
        ))}
      </fieldset>
    )
  }
  if (kind === 'symbols') {
    return (
      <TextAreaField
        label={t('newValue')}
        hint={t('symbolsHint')}
        rows={3}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
    )
  }
  const error = kind === 'count' ? t('invalidCount') : t('invalidNumber')
  return (
    <TextField
      label={t('newValue')}
      hint={t('inUnit', { unit: words.unit(limit) })}
      inputMode={kind === 'count' ? 'numeric' : 'decimal'}
      autoComplete="off"
      autoFocus
      value={text}
      error={isValid ? undefined : error}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
