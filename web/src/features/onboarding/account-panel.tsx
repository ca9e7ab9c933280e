import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { accountsQuery } from '@/api/queries.ts'
import { buttonClass } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'

export function AccountPanel() {
  const t = useTranslations('onboarding')
  const accounts = useQuery(accountsQuery)
  return (
    <Panel title={t('account')}>
      <QueryView query={accounts}>
        {(items) => (
          <div className="flex flex-col items-start gap-3 p-4">
            <p>{t('accountText')}</p>
            {items.length > 0 ? <p>{t('accountOpened', { count: items.length })}</p> : null}
            <Link to="/connections" className={buttonClass({ kind: items.length > 0 ? 'plain' : 'primary' })}>
              {items.length > 0 ? t('seeAccounts') : t('openAccount')}
            </Link>
          </div>
        )}
      </QueryView>
    </Panel>
  )
}
