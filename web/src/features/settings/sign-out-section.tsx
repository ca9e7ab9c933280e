import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { ApiError, api, unwrap } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { useAct } from './use-act.tsx'

async function signOut(): Promise<void> {
  try {
    await unwrap(api.POST('/api/v1/auth/sign-out'))
  } catch (error) {
    // Somebody without a session is signed out already.
    if (!(error instanceof ApiError && error.status === 401)) throw error
  }
}

export function SignOutSection() {
  const t = useTranslations('settings')
  const client = useQueryClient()
  const navigate = useNavigate()
  const leave = useAct({
    send: (_: null) => signOut(),
    onSuccess: () => {
      // First away from the screens that show it, or they would ask for it again.
      void navigate({ to: '/sign-in' }).finally(() => client.clear())
    },
  })
  return (
    <Panel title={t('signOut')}>
      <div className="flex flex-col items-start gap-3 p-4">
        <p>{t('signOutText')}</p>
        {leave.error ? <ErrorNote error={leave.error} wrote /> : null}
        <Button disabled={leave.busy} onClick={() => leave.run(null)}>
          {t('signOut')}
        </Button>
      </div>
    </Panel>
  )
}
