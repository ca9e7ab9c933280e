import { useTranslations } from 'use-intl'
import { TextField } from '@/components/field.tsx'

interface Props {
  value: string
  onChange: (value: string) => void
}

/** The e-mail address that a person signs in with; first in its form, so it has the focus. */
export function EmailField({ value, onChange }: Props) {
  const t = useTranslations('auth')
  return (
    <TextField
      label={t('email')}
      name="email"
      type="email"
      autoComplete="username"
      maxLength={254}
      required
      autoFocus
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

/** The name that others see. */
export function DisplayNameField({ value, onChange }: Props) {
  const t = useTranslations('auth')
  return (
    <TextField
      label={t('displayName')}
      hint={t('displayNameHint')}
      name="name"
      autoComplete="name"
      maxLength={80}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
