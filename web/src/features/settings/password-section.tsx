import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { NewPasswordField } from '@/features/auth/new-password-field.tsx'
import { Done } from './done.tsx'
import { sessionsQuery } from './queries.ts'
import { useAct } from './use-act.tsx'

export function PasswordSection() {
  const t = useTranslations('settings')
  const client = useQueryClient()
  const me = useQuery(meQuery)
  const [password, setPassword] = useState('')
  const change = useAct({
    send: (chosen: string) => unwrap(api.PUT('/api/v1/auth/password', { body: { password: chosen } })),
    onSuccess: () => {
      setPassword('')
      void client.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    },
  })
  return (
    <Panel title={t('password')}>
      <form
        className="flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          change.run(password)
        }}
      >
        <p>{t('passwordText')}</p>
        {/* Tells password managers whose password this is. */}
        <input type="text" autoComplete="username" value={me.data?.email ?? ''} readOnly hidden />
        <NewPasswordField
          value={password}
          onChange={(value) => {
            setPassword(value)
            change.reset()
          }}
        />
        {change.error ? <ErrorNote error={change.error} wrote /> : null}
        <Done>{change.done ? t('passwordDone') : null}</Done>
        <div>
          <Button type="submit" kind="primary" disabled={change.busy || !password}>
            {t('changePassword')}
          </Button>
        </div>
      </form>
      {change.proof}
    </Panel>
  )
}
