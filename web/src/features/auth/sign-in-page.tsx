import { useMutation } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { attempt } from './attempt.ts'
import { AuthError, AuthForm, AuthLayout, linkClass } from './auth-layout.tsx'
import { useEnter } from './enter.ts'
import { EmailField } from './identity-fields.tsx'
import { safeNext } from './next.ts'

type Factor = 'totp' | 'recovery_code'

function asksForCode(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'second_factor_required'
}

export function SignInPage() {
  const t = useTranslations('auth')
  const { next } = useSearch({ from: '/sign-in' })
  const enter = useEnter()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [factor, setFactor] = useState<Factor | null>(null)
  const [code, setCode] = useState('')
  const signIn = useMutation({
    mutationFn: () => {
      // Codes are often copied with the gap that apps show in their middle.
      const typed = code.replace(/\s/g, '')
      return attempt(
        api.POST('/api/v1/auth/sign-in', {
          body: { email: email.trim(), password, ...(factor === null ? {} : { [factor]: typed }) },
        }),
      )
    },
    onSuccess: () => enter(safeNext(next)),
    onError: (error) => {
      if (asksForCode(error)) setFactor((known) => known ?? 'totp')
    },
  })

  function ask(kind: Factor | null): void {
    setFactor(kind)
    setCode('')
    signIn.reset()
    if (kind === null) setPassword('')
  }

  if (factor !== null) {
    return (
      <AuthLayout title={t('secondFactorTitle')}>
        <p>{t('secondFactorText', { email: email.trim() })}</p>
        <AuthForm action={t('signIn')} busy={signIn.isPending} onSubmit={() => signIn.mutate()}>
          {factor === 'totp' ? (
            <TextField
              key="totp"
              label={t('totp')}
              hint={t('totpHint')}
              name="totp"
              autoComplete="one-time-code"
              inputMode="numeric"
              pattern="\s*(\d\s*){6}"
              maxLength={10}
              required
              autoFocus
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          ) : (
            <TextField
              key="recovery"
              label={t('recoveryCode')}
              hint={t('recoveryHint')}
              name="recovery_code"
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              maxLength={64}
              required
              autoFocus
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          )}
          <AuthError error={asksForCode(signIn.error) ? null : signIn.error} />
        </AuthForm>
        <div className="flex flex-wrap justify-between gap-2">
          <Button
            kind="quiet"
            size="small"
            className="whitespace-normal text-left"
            onClick={() => ask(factor === 'totp' ? 'recovery_code' : 'totp')}
          >
            {factor === 'totp' ? t('useRecovery') : t('useTotp')}
          </Button>
          <Button kind="quiet" size="small" onClick={() => ask(null)}>
            {t('startOver')}
          </Button>
        </div>
      </AuthLayout>
    )
  }
  return (
    <AuthLayout
      title={t('title')}
      footer={
        <>
          <p>
            {t('noAccount')}{' '}
            <Link to="/sign-up" className={linkClass}>
              {t('signUpLink')}
            </Link>
          </p>
          <p>
            {t('forgotten')}{' '}
            <Link to="/reset" className={linkClass}>
              {t('resetLink')}
            </Link>
          </p>
        </>
      }
    >
      <AuthForm action={t('signIn')} busy={signIn.isPending} onSubmit={() => signIn.mutate()}>
        <EmailField value={email} onChange={setEmail} />
        <TextField
          label={t('password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <AuthError error={signIn.error} />
      </AuthForm>
    </AuthLayout>
  )
}
