/** Stop trading: one press away on every page, and it works whatever the live data does. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { OctagonX } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, isRefused, once, unwrap } from '@/api/client.ts'
import { type Kill, killsQuery, openOrdersQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { needsStepUp, StepUp } from '@/components/step-up.tsx'
import { newKey } from '@/lib/ids.ts'

export function KillButton({ onPress }: { onPress: () => void }) {
  const t = useTranslations('kill')
  return (
    <Button kind="danger" onClick={onPress} aria-keyshortcuts="Control+Shift+X">
      <OctagonX aria-hidden="true" className="size-4" />
      <span className="max-sm:sr-only">{t('stop')}</span>
    </Button>
  )
}

export function KillDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTranslations('kill')
  const common = useTranslations('common')
  const client = useQueryClient()
  const orders = useQuery({ ...openOrdersQuery, enabled: open })
  const [reason, setReason] = useState('')
  const [key, setKey] = useState(newKey)
  const entries = orders.data?.filter((order) => order.role === 'entry').length ?? 0
  const stop = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/kills', {
          params: { header: once(key) },
          body: { scope: 'user', reason: reason.trim() || t('defaultReason'), cancel_stops: false },
        }),
      ),
    // An emergency stop is worth repeating: the key makes it happen once.
    retry: (count, error) => count < 3 && !isRefused(error),
    onError: (error) => {
      if (isRefused(error)) setKey(newKey())
    },
    onSuccess: () => {
      // The next stop is another one: under the same key it would change nothing.
      setKey(newKey())
      setReason('')
      void client.invalidateQueries({ queryKey: killsQuery.queryKey })
      void client.invalidateQueries({ queryKey: ['orders'] })
      onClose()
    },
  })
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t('title')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button kind="stop" data-autofocus disabled={stop.isPending} onClick={() => stop.mutate()}>
            {t('press')}
          </Button>
        </>
      }
    >
      <p>{t('what', { count: entries })}</p>
      <TextField
        label={t('reason')}
        hint={t('reasonHint')}
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.target.value)}
      />
      {stop.isError ? <ErrorNote error={stop.error} wrote /> : null}
    </Dialog>
  )
}

/** A bar on every page while anything is stopped, with the way back. */
export function HaltedBar() {
  const t = useTranslations('kill')
  const kills = useQuery(killsQuery)
  const [resuming, setResuming] = useState<Kill | null>(null)
  const active = (kills.data ?? []).filter((kill) => kill.active)
  if (active.length === 0) return null
  return (
    <div role="alert" className="border-danger border-b-2 bg-surface">
      {active.map((kill) => (
        <div
          key={`${kill.scope}${kill.subject}`}
          className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2"
        >
          <OctagonX aria-hidden="true" className="size-5 text-danger" />
          <p className="min-w-0 flex-1">
            <strong className="text-danger">{t('stopped')}</strong> · {t(`scopes.${kill.scope}`)} ·{' '}
            {kill.reason} · <DateTime at={kill.changed_at} />
            <span className="block text-ink2 text-meta">{t('resting', { count: kill.resting })}</span>
          </p>
          {kill.scope === 'site' || kill.scope === 'broker' ? null : (
            <Button onClick={() => setResuming(kill)}>{t('resume')}</Button>
          )}
        </div>
      ))}
      {resuming ? <ResumeDialog kill={resuming} onClose={() => setResuming(null)} /> : null}
    </div>
  )
}

function ResumeDialog({ kill, onClose }: { kill: Kill; onClose: () => void }) {
  const t = useTranslations('kill')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const [key, setKey] = useState(newKey)
  const [proving, setProving] = useState(false)
  const release = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/kills/{scope}/{subject}/release', {
          params: { path: { scope: kill.scope, subject: kill.subject }, header: once(key) },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: killsQuery.queryKey })
      onClose()
    },
    onError: (error) => {
      if (needsStepUp(error)) setProving(true)
      else if (isRefused(error)) setKey(newKey())
    },
  })
  return (
    <>
      <Dialog
        open={!proving}
        onClose={() => (proving ? undefined : onClose())}
        title={t('resumeTitle')}
        footer={
          <>
            <Button data-autofocus onClick={onClose}>
              {common('back')}
            </Button>
            <Button
              kind="primary"
              disabled={!reason.trim() || release.isPending}
              onClick={() => release.mutate()}
            >
              {t('resume')}
            </Button>
          </>
        }
      >
        <p>{t('resumeText')}</p>
        <TextField
          label={t('reason')}
          value={reason}
          maxLength={200}
          required
          onChange={(event) => setReason(event.target.value)}
        />
        {release.isError && !needsStepUp(release.error) ? <ErrorNote error={release.error} wrote /> : null}
      </Dialog>
      <StepUp
        open={proving}
        onClose={() => setProving(false)}
        onDone={() => {
          setProving(false)
          release.mutate()
        }}
      />
    </>
  )
}
