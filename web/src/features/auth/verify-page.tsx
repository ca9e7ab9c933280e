import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '@/api/client.ts'
import { buttonClass } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { attempt } from './attempt.ts'
import { AuthError, AuthForm, AuthLayout } from './auth-layout.tsx'
import { useEnter } from './enter.ts'
import { useLinkToken } from './link-token.ts'

export function VerifyPage() {
  const t = useTranslations('auth')
  const token = useLinkToken()
  const enter = useEnter()
  const [password, setPassword] = useState('')
  const verify = useMutation({
    mutationFn: (link: string) =>
      attempt(api.POST('/api/v1/auth/verify', { body: { token: link, password } })),
    onSuccess: () => enter('/onboarding'),
  })
  if (token === null) {
    return (
      <AuthLayout title={t('verifyTitle')}>
        <p>{t('verifyNoToken')}</p>
        <div>
          <Link to="/sign-up" className={buttonClass({ kind: 'primary' })}>
            {t('signUpLink')}
          </Link>
        </div>
      </AuthLayout>
    )
  }
  return (
    <AuthLayout title={t('verifyTitle')}>
      <p>{t('verifyText')}</p>
      <AuthForm action={t('verify')} busy={verify.isPending} onSubmit={() => verify.mutate(token)}>
        <TextField
          label={t('password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <AuthError error={verify.error} credentials={t('invalidSignUpPassword')} wrote />
      </AuthForm>
    </AuthLayout>
  )
}
