/** Asks for the password where the server wants proof of who is there, then lets the act go on. */
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, unwrap } from '@/api/client.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { TextField } from './field.tsx'
import { ErrorNote } from './states.tsx'

export function needsStepUp(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'step_up_required'
}

export function StepUp({
  open,
  onClose,
  onDone,
}: {
  open: boolean
  onClose: () => void
  onDone: () => void
}) {
  const t = useTranslations('common')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)

  async function confirm(): Promise<void> {
    setBusy(true)
    setError(null)
    try {
      await unwrap(api.POST('/api/v1/auth/step-up', { body: { password } }))
      setPassword('')
      onDone()
    } catch (caught) {
      setError(caught)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog open={open} onClose={onClose} title={t('stepUpTitle')}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void confirm()
        }}
      >
        <p>{t('stepUpText')}</p>
        <TextField
          label={t('password')}
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          data-autofocus
          required
        />
        {error ? <ErrorNote error={error} /> : null}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" kind="primary" disabled={busy || !password}>
            {t('confirm')}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
