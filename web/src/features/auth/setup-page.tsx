/** The first administrator of an installation, by the link that the server wrote at its first start. */
import { useMutation } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '@/api/client.ts'
import { attempt } from './attempt.ts'
import { AuthError, AuthForm, AuthLayout } from './auth-layout.tsx'
import { useEnter } from './enter.ts'
import { DisplayNameField, EmailField } from './identity-fields.tsx'
import { NewPasswordField } from './new-password-field.tsx'

export function SetupPage() {
  const t = useTranslations('auth')
  const { token } = useParams({ from: '/setup/$token' })
  const enter = useEnter()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const setup = useMutation({
    mutationFn: () =>
      attempt(
        api.POST('/setup/{token}', {
          params: { path: { token } },
          body: { email: email.trim(), password, display_name: name.trim() },
        }),
      ),
    onSuccess: () => enter('/'),
  })
  return (
    <AuthLayout title={t('setupTitle')}>
      <p>{t('setupText')}</p>
      <AuthForm action={t('setup')} busy={setup.isPending} onSubmit={() => setup.mutate()}>
        <EmailField value={email} onChange={setEmail} />
        <DisplayNameField value={name} onChange={setName} />
        <NewPasswordField label={t('password')} value={password} onChange={setPassword} />
        <AuthError error={setup.error} wrote />
      </AuthForm>
    </AuthLayout>
  )
}
