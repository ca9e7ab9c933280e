import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { attempt } from './attempt.ts'
import { AuthError, AuthForm, AuthLayout, linkClass, Sent } from './auth-layout.tsx'
import { DisplayNameField, EmailField } from './identity-fields.tsx'
import { NewPasswordField } from './new-password-field.tsx'

export function SignUpPage() {
  const t = useTranslations('auth')
  const common = useTranslations('common')
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const signUp = useMutation({
    mutationFn: () =>
      attempt(
        api.POST('/api/v1/auth/sign-up', {
          body: { email: email.trim(), password, display_name: name.trim() },
        }),
      ),
    // It is not needed again: the mailed link asks for it anew.
    onSuccess: () => setPassword(''),
  })
  if (signUp.isSuccess) {
    return (
      <AuthLayout title={t('mailTitle')}>
        <Sent>
          <p>{t('signUpSent', { email: email.trim() })}</p>
          <p className="text-ink2">{t('mailMissing')}</p>
        </Sent>
        <div>
          <Button onClick={() => signUp.reset()}>{common('back')}</Button>
        </div>
      </AuthLayout>
    )
  }
  return (
    <AuthLayout
      title={t('signUpTitle')}
      footer={
        <p>
          {t('haveAccount')}{' '}
          <Link to="/sign-in" className={linkClass}>
            {t('signInLink')}
          </Link>
        </p>
      }
    >
      <p>{t('signUpText')}</p>
      <AuthForm action={t('signUp')} busy={signUp.isPending} onSubmit={() => signUp.mutate()}>
        <EmailField value={email} onChange={setEmail} />
        <DisplayNameField value={name} onChange={setName} />
        <NewPasswordField label={t('password')} value={password} onChange={setPassword} />
        <AuthError error={signUp.error} wrote />
      </AuthForm>
    </AuthLayout>
  )
}
