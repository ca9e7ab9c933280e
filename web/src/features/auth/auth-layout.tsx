/** The frame of every page outside the app's shell: one column, one thing to do. */
import type { FormEvent, ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { PageTitle } from '@/components/panel.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { TooManyAttempts } from './attempt.ts'

export const linkClass = 'inline-flex min-h-6 items-center text-accent underline underline-offset-2'

export function AuthLayout({
  title,
  children,
  footer,
}: {
  title: string
  children: ReactNode
  footer?: ReactNode
}) {
  const t = useTranslations('app')
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-[28rem] flex-col justify-center gap-4 p-4">
      <p className="font-semibold text-figure text-ink2">{t('name')}</p>
      <div className="flex flex-col gap-4 rounded-[8px] border border-line bg-surface p-4 sm:p-6">
        <PageTitle>{title}</PageTitle>
        {children}
      </div>
      {footer ? <div className="flex flex-col items-start gap-1 text-table">{footer}</div> : null}
    </main>
  )
}

export function AuthForm({
  action,
  busy,
  onSubmit,
  children,
}: {
  action: string
  busy: boolean
  onSubmit: () => void
  children: ReactNode
}) {
  const t = useTranslations('auth')
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        if (!busy) onSubmit()
      }}
    >
      {children}
      <Button type="submit" kind="primary" size="wide" disabled={busy}>
        {busy ? t('busy') : action}
      </Button>
    </form>
  )
}

const KNOWN = {
  invalid_credentials: 'invalidCredentials',
  invalid_second_factor: 'invalidSecondFactor',
  link_invalid: 'linkInvalid',
} as const

/** What was refused, in the reader's language where the reason is one of the usual ones. */
export function AuthError({
  error,
  wrote = false,
  credentials,
}: {
  error: unknown
  wrote?: boolean
  credentials?: string
}) {
  const t = useTranslations('auth')
  if (!error) return null
  const text =
    error instanceof TooManyAttempts
      ? error.seconds === null
        ? t('tooMany')
        : error.seconds < 60
          ? t('tooManySeconds', { count: error.seconds })
          : t('tooManyMinutes', { count: Math.ceil(error.seconds / 60) })
      : error instanceof ApiError && Object.hasOwn(KNOWN, error.code)
        ? error.code === 'invalid_credentials' && credentials
          ? credentials
          : t(KNOWN[error.code as keyof typeof KNOWN])
        : null
  if (text === null) return <ErrorNote error={error} wrote={wrote} />
  return (
    <p role="alert" className="border-danger border-l-4 px-4 py-2 font-medium text-danger">
      {text}
    </p>
  )
}

export function Sent({ children }: { children: ReactNode }) {
  return (
    <div role="status" className="flex flex-col gap-2 border-up border-l-4 px-4 py-2">
      {children}
    </div>
  )
}
