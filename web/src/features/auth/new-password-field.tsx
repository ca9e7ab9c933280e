import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { CheckField, TextField } from '@/components/field.tsx'

/** A password to choose: it can be looked at instead of being typed twice. */
export function NewPasswordField({
  label,
  value,
  onChange,
}: {
  label?: string
  value: string
  onChange: (value: string) => void
}) {
  const t = useTranslations('auth')
  const [shown, setShown] = useState(false)
  return (
    <div className="flex flex-col gap-2">
      <TextField
        label={label ?? t('newPassword')}
        hint={t('passwordHint')}
        type={shown ? 'text' : 'password'}
        autoComplete="new-password"
        autoCapitalize="none"
        spellCheck={false}
        minLength={8}
        maxLength={128}
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <CheckField
        label={t('showPassword')}
        checked={shown}
        onChange={(event) => setShown(event.target.checked)}
      />
    </div>
  )
}
