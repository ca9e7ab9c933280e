/** The second factor: an authenticator app, and the recovery codes for the day it is lost. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, type Schemas, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote, QueryView } from '@/components/states.tsx'
import { AuthError } from '@/features/auth/auth-layout.tsx'
import { Done } from './done.tsx'
import { Secret } from './secret.tsx'
import { useAct } from './use-act.tsx'

export function TotpSection() {
  const t = useTranslations('settings')
  const client = useQueryClient()
  const me = useQuery(meQuery)
  const [codes, setCodes] = useState<string[] | null>(null)
  const [isRemoved, setRemoved] = useState(false)
  const refresh = () => void client.invalidateQueries({ queryKey: meQuery.queryKey })
  const isOn = me.data?.has_totp === true
  return (
    <Panel
      title={t('totp')}
      actions={me.data ? <Badge tone={isOn ? 'good' : 'neutral'}>{isOn ? t('on') : t('off')}</Badge> : null}
    >
      <QueryView query={me}>
        {() =>
          codes ? (
            <RecoveryCodes codes={codes} onStored={() => setCodes(null)} />
          ) : isOn ? (
            <TotpOn
              onCodes={setCodes}
              onOff={() => {
                setRemoved(true)
                refresh()
              }}
            />
          ) : (
            <TotpOff
              isRemoved={isRemoved}
              onCodes={(found) => {
                setCodes(found)
                setRemoved(false)
                refresh()
              }}
            />
          )
        }
      </QueryView>
    </Panel>
  )
}

function TotpOff({ isRemoved, onCodes }: { isRemoved: boolean; onCodes: (codes: string[]) => void }) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const [seed, setSeed] = useState<Schemas['TotpRead'] | null>(null)
  const [code, setCode] = useState('')
  const start = useAct({ send: (_: null) => unwrap(api.POST('/api/v1/auth/totp')), onSuccess: setSeed })
  const confirm = useAct({
    send: (typed: string) => unwrap(api.POST('/api/v1/auth/totp/confirm', { body: { code: typed } })),
    onSuccess: (found) => onCodes(found.recovery_codes),
  })
  if (seed === null) {
    return (
      <div className="flex flex-col items-start gap-4 p-4">
        <Done>{isRemoved ? t('totpRemoved') : null}</Done>
        <p>{t('totpOffText')}</p>
        {start.error ? <ErrorNote error={start.error} wrote /> : null}
        <Button kind="primary" disabled={start.busy} onClick={() => start.run(null)}>
          {t('totpStart')}
        </Button>
        {start.proof}
      </div>
    )
  }
  return (
    <>
      <form
        className="flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          confirm.run(code.replace(/\s/g, ''))
        }}
      >
        <p>{t('totpSeedText')}</p>
        <Secret label={t('totpSecret')} value={seed.secret} />
        <Secret label={t('totpUri')} value={seed.uri} />
        <a
          href={seed.uri}
          className="inline-flex min-h-6 items-center self-start text-accent underline underline-offset-2"
        >
          {t('totpOpen')}
        </a>
        <TextField
          label={t('totpCode')}
          hint={t('totpCodeHint')}
          autoComplete="one-time-code"
          inputMode="numeric"
          pattern="\s*(\d\s*){6}"
          maxLength={10}
          required
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
        <AuthError error={confirm.error} wrote />
        <div className="flex flex-wrap gap-2">
          <Button type="submit" kind="primary" disabled={confirm.busy || !code.trim()}>
            {t('totpConfirm')}
          </Button>
          <Button onClick={() => setSeed(null)}>{common('cancel')}</Button>
        </div>
      </form>
      {confirm.proof}
    </>
  )
}

function TotpOn({ onCodes, onOff }: { onCodes: (codes: string[]) => void; onOff: () => void }) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const [isAsking, setAsking] = useState<'codes' | 'off' | null>(null)
  const renew = useAct({
    send: (_: null) => unwrap(api.POST('/api/v1/auth/totp/recovery-codes')),
    onSuccess: (found) => onCodes(found.recovery_codes),
  })
  const remove = useAct({ send: (_: null) => unwrap(api.DELETE('/api/v1/auth/totp')), onSuccess: onOff })
  const act = isAsking === 'codes' ? renew : remove
  const close = () => {
    act.reset()
    setAsking(null)
  }
  return (
    <div className="flex flex-col gap-4 p-4">
      <p>{t('totpOnText')}</p>
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => setAsking('codes')}>{t('renewCodes')}</Button>
        <Button kind="danger" onClick={() => setAsking('off')}>
          {t('totpRemove')}
        </Button>
      </div>
      <Dialog
        open={isAsking !== null}
        onClose={close}
        title={isAsking === 'codes' ? t('renewCodes') : t('totpRemove')}
        footer={
          <>
            <Button autoFocus onClick={close}>
              {common('back')}
            </Button>
            <Button
              kind={isAsking === 'codes' ? 'primary' : 'danger'}
              disabled={act.busy}
              onClick={() => act.run(null)}
            >
              {isAsking === 'codes' ? t('renewCodesPress') : t('totpRemovePress')}
            </Button>
          </>
        }
      >
        <p>{isAsking === 'codes' ? t('renewCodesText') : t('totpRemoveText')}</p>
        {act.error ? <ErrorNote error={act.error} wrote /> : null}
      </Dialog>
      {renew.proof}
      {remove.proof}
    </div>
  )
}

function RecoveryCodes({ codes, onStored }: { codes: readonly string[]; onStored: () => void }) {
  const t = useTranslations('settings')
  return (
    <div className="flex flex-col gap-4 p-4">
      <Done>{t('codesText')}</Done>
      <Secret label={t('codes')} value={codes.join('\n')} />
      <div>
        <Button kind="primary" onClick={onStored}>
          {t('codesStored')}
        </Button>
      </div>
    </div>
  )
}
