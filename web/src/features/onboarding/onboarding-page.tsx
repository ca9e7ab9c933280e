/** What a newcomer does before anything trades; each step keeps its own state on the server, so it can be resumed. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { accountsQuery, onboardingQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'
import { AccountPanel } from './account-panel.tsx'
import { LegalPanel } from './legal-panel.tsx'
import { LimitsPanel } from './limits-panel.tsx'
import { ProfilePanel } from './profile-panel.tsx'
import { acceptedAt, DOCUMENTS, type Onboarding, ownLimitsQuery } from './queries.ts'

export function OnboardingPage() {
  const t = useTranslations('onboarding')
  const onboarding = useQuery(onboardingQuery)
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <p>{t('intro')}</p>
      <Panel title={t('steps')}>
        <QueryView query={onboarding} rows={5}>
          {(known) => <Steps onboarding={known} />}
        </QueryView>
      </Panel>
      {onboarding.data ? (
        <>
          <div className="grid items-start gap-4 xl:grid-cols-2">
            {DOCUMENTS.map((document) => (
              <LegalPanel key={document} document={document} onboarding={onboarding.data} />
            ))}
          </div>
          <div className="grid items-start gap-4 xl:grid-cols-2">
            <ProfilePanel onboarding={onboarding.data} />
            <div className="flex flex-col gap-4">
              <LimitsPanel onboarding={onboarding.data} />
              <AccountPanel />
            </div>
          </div>
        </>
      ) : null}
    </div>
  )
}

function Steps({ onboarding }: { onboarding: Onboarding }) {
  const t = useTranslations('onboarding')
  const common = useTranslations('common')
  const limits = useQuery(ownLimitsQuery)
  const accounts = useQuery(accountsQuery)
  // Undefined is not known yet, which is neither done nor open.
  const steps: [string, boolean | undefined][] = [
    ...DOCUMENTS.map((document): [string, boolean] => [
      t(document),
      acceptedAt(onboarding, document) !== null,
    ]),
    [t('profile'), onboarding.risk_tolerance !== null && onboarding.experience !== null],
    [t('limits'), limits.data],
    [t('account'), accounts.data && accounts.data.length > 0],
  ]
  return (
    <div className="flex flex-col gap-3 p-4">
      <ol className="flex flex-col gap-2">
        {steps.map(([name, isDone], index) => (
          <li key={name} className="flex min-h-6 items-center gap-3">
            <span className="numeric w-4 text-ink3">{index + 1}</span>
            <span className="min-w-0 flex-1">{name}</span>
            <Badge tone={isDone ? 'good' : 'neutral'}>
              {isDone === undefined ? common('unknown') : isDone ? t('done') : t('open')}
            </Badge>
          </li>
        ))}
      </ol>
      <p className={onboarding.may_trade ? 'text-ink2' : 'text-warn'}>
        {onboarding.may_trade ? t('mayTrade') : t('mayNotTrade')}
      </p>
    </div>
  )
}
