/** What came in, and what waits for a decision. The chosen list stands in the address. */
import { Link, useLocation } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { PageTitle } from '@/components/panel.tsx'
import { AllSignals, DecidedPlans, STATES } from './decided-lists.tsx'
import { PendingList } from './pending-list.tsx'

const TABS = ['pending', 'approved', 'ignored', 'expired', 'refused', 'all'] as const
type Tab = (typeof TABS)[number]

function useTab(): Tab {
  const search: Record<string, unknown> = useLocation({ select: (location) => location.search })
  return TABS.find((tab) => tab === search['tab']) ?? 'pending'
}

function isDecided(tab: Tab): tab is keyof typeof STATES {
  return tab in STATES
}

export function SignalsPage() {
  const t = useTranslations('signals')
  const tab = useTab()
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <nav aria-label={t('tabs.label')} className="flex flex-wrap gap-1 border-line border-b">
        {TABS.map((name) => (
          <Link
            key={name}
            to="/signals"
            search={name === 'pending' ? {} : { tab: name }}
            activeOptions={{ exact: true }}
            className="inline-flex min-h-9 items-center border-transparent border-b-2 px-3 text-ink2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-semibold aria-[current=page]:text-ink pointer-coarse:min-h-11"
          >
            {t(`tabs.${name}`)}
          </Link>
        ))}
      </nav>
      {tab === 'pending' ? <PendingList /> : null}
      {isDecided(tab) ? <DecidedPlans key={tab} tab={tab} /> : null}
      {tab === 'all' ? <AllSignals /> : null}
    </div>
  )
}
