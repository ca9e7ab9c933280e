import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api } from '@/api/client.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { attempt } from './attempt.ts'
import { AuthError, AuthForm, AuthLayout, linkClass, Sent } from './auth-layout.tsx'
import { EmailField } from './identity-fields.tsx'
import { useLinkToken } from './link-token.ts'
import { NewPasswordField } from './new-password-field.tsx'

export function ResetPage() {
  const token = useLinkToken()
  const [isAgain, setAgain] = useState(false)
  if (token === null || isAgain) return <RequestReset />
  return <ChooseReset token={token} onAgain={() => setAgain(true)} />
}

function RequestReset() {
  const t = useTranslations('auth')
  const common = useTranslations('common')
  const [email, setEmail] = useState('')
  const request = useMutation({
    mutationFn: () => attempt(api.POST('/api/v1/auth/reset-request', { body: { email: email.trim() } })),
  })
  const footer = (
    <Link to="/sign-in" className={linkClass}>
      {t('signInLink')}
    </Link>
  )
  if (request.isSuccess) {
    return (
      <AuthLayout title={t('mailTitle')} footer={footer}>
        <Sent>
          <p>{t('resetSent', { email: email.trim() })}</p>
          <p className="text-ink2">{t('mailMissing')}</p>
        </Sent>
        <div>
          <Button onClick={() => request.reset()}>{common('back')}</Button>
        </div>
      </AuthLayout>
    )
  }
  return (
    <AuthLayout title={t('resetTitle')} footer={footer}>
      <p>{t('resetText')}</p>
      <AuthForm action={t('resetRequest')} busy={request.isPending} onSubmit={() => request.mutate()}>
        <EmailField value={email} onChange={setEmail} />
        <AuthError error={request.error} wrote />
      </AuthForm>
    </AuthLayout>
  )
}

function ChooseReset({ token, onAgain }: { token: string; onAgain: () => void }) {
  const t = useTranslations('auth')
  const [password, setPassword] = useState('')
  const reset = useMutation({
    mutationFn: () => attempt(api.POST('/api/v1/auth/reset', { body: { token, password } })),
    onSuccess: () => setPassword(''),
  })
  if (reset.isSuccess) {
    return (
      <AuthLayout title={t('resetTitle')}>
        <Sent>
          <p>{t('resetDone')}</p>
        </Sent>
        <div>
          <Link to="/sign-in" className={buttonClass({ kind: 'primary' })}>
            {t('signInLink')}
          </Link>
        </div>
      </AuthLayout>
    )
  }
  const isSpent = reset.error instanceof ApiError && reset.error.code === 'link_invalid'
  return (
    <AuthLayout title={t('resetTitle')}>
      <p>{t('resetNewText')}</p>
      <AuthForm action={t('resetSave')} busy={reset.isPending} onSubmit={() => reset.mutate()}>
        <NewPasswordField value={password} onChange={setPassword} />
        <AuthError error={reset.error} wrote />
      </AuthForm>
      {isSpent ? <Button onClick={onAgain}>{t('resetAgain')}</Button> : null}
    </AuthLayout>
  )
}
