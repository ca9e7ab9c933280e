/** For admins: who is here, whether the service works, and looks that are recorded. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { meQuery } from '@/api/queries.ts'
import { buttonClass } from '@/components/button.tsx'
import { PageTitle } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'
import { ChainPanel } from './chain-panel.tsx'
import { DemoPanel } from './demo-panel.tsx'
import { HealthPanel } from './health-panel.tsx'
import { UserPanel } from './user-panel.tsx'
import { UsersPanel } from './users-panel.tsx'

export function AdminPage() {
  const t = useTranslations('admin')
  const me = useQuery(meQuery)
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <QueryView query={me}>
        {({ id, role }) => (role === 'admin' ? <Panels ownId={id} /> : <Refusal role={role} />)}
      </QueryView>
    </div>
  )
}

function Refusal({ role }: { role: 'user' | 'support' | 'operator' | 'admin' }) {
  const t = useTranslations('admin')
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-3 border-danger border-l-4 bg-surface px-4 py-4"
    >
      <p className="font-medium text-danger">{t('refused')}</p>
      <p>{t('refusedText', { role: t(`roles.${role}`) })}</p>
      <Link to="/" className={buttonClass()}>
        {t('goHome')}
      </Link>
    </div>
  )
}

function Panels({ ownId }: { ownId: string }) {
  const [shown, setShown] = useState<string | null>(null)
  const [chain, setChain] = useState('')
  return (
    <>
      <HealthPanel />
      <UsersPanel ownId={ownId} onShow={setShown} />
      {shown === null ? null : (
        <UserPanel key={shown} id={shown} onClose={() => setShown(null)} onChain={setChain} />
      )}
      <ChainPanel key={`chain:${chain}`} initial={chain} />
      <DemoPanel />
    </>
  )
}
