/** What keeps trading within bounds: what is stopped, which limits hold and how much of them is used, who changed them. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { accountsQuery, meQuery } from '@/api/queries.ts'
import { SelectField } from '@/components/field.tsx'
import { PageTitle } from '@/components/panel.tsx'
import { ErrorNote, Skeleton } from '@/components/states.tsx'
import { useUrlSearch } from '@/features/orders/url-search.ts'
import { HistoryPanel } from './history-panel.tsx'
import { KillsPanel } from './kills-panel.tsx'
import { LimitsPanel, type Subject } from './limits-panel.tsx'
import { sourcesQuery } from './risk-queries.ts'
import { RulesPanel } from './rules-panel.tsx'
import { StatesPanel } from './states-panel.tsx'

const NAMES = ['account'] as const

export function RiskPage() {
  const t = useTranslations('risk')
  const me = useQuery(meQuery)
  const accounts = useQuery(accountsQuery)
  const sources = useQuery(sourcesQuery)
  const [{ account }, change] = useUrlSearch(NAMES)
  const subjects = useMemo((): Subject[] => {
    if (!me.data) return []
    return [
      { scope: 'user', id: me.data.id, name: t('allAccounts') },
      ...(accounts.data ?? []).map(
        ({ id, label }): Subject => ({ scope: 'account', id, name: t('account', { name: label }) }),
      ),
      ...(sources.data ?? []).map(
        ({ id, name }): Subject => ({ scope: 'source', id, name: t('source', { name }) }),
      ),
    ]
  }, [me.data, accounts.data, sources.data, t])
  const [everything] = subjects
  const chosen =
    subjects.find((subject) => subject.scope === 'account' && subject.id === account) ?? everything
  // Another subject's limits must not flash up before the account of the address is known.
  const isWaiting = account !== '' && accounts.isPending
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      {accounts.isError ? <ErrorNote error={accounts.error} retry={() => void accounts.refetch()} /> : null}
      {sources.isError ? <ErrorNote error={sources.error} retry={() => void sources.refetch()} /> : null}
      <StatesPanel subjects={subjects} />
      <KillsPanel subjects={subjects} />
      <div className="max-w-96">
        <SelectField
          label={t('whose')}
          hint={t('whoseHint')}
          value={chosen?.scope === 'account' ? chosen.id : ''}
          onChange={(event) => change({ account: event.target.value })}
        >
          <option value="">{t('allAccounts')}</option>
          {subjects
            .filter((subject) => subject.scope === 'account')
            .map((subject) => (
              <option key={subject.id} value={subject.id}>
                {subject.name}
              </option>
            ))}
        </SelectField>
      </div>
      {chosen && !isWaiting ? <LimitsPanel key={chosen.id} subject={chosen} /> : <Skeleton rows={8} />}
      <HistoryPanel subjects={subjects} />
      <RulesPanel />
    </div>
  )
}
