/** Where signals come from, and which accounts act on them. */
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { PageTitle } from '@/components/panel.tsx'
import { Said } from '@/features/signals/act.tsx'
import { FollowsPanel } from './follows-panel.tsx'
import { PublicSources } from './public-sources.tsx'
import { SourcesPanel } from './sources-panel.tsx'

export function FollowsPage() {
  const t = useTranslations('follows')
  const [said, say] = useState<ReactNode>(null)
  // The source that a new follow begins with; the empty text opens the form without one.
  const [following, setFollowing] = useState<string | null>(null)
  return (
    <div className="flex flex-col gap-4">
      <PageTitle>{t('title')}</PageTitle>
      <p className="text-ink2">{t('intro')}</p>
      <Said>{said}</Said>
      <FollowsPanel say={say} following={following} onFollow={setFollowing} />
      <SourcesPanel say={say} onFollow={setFollowing} />
      <PublicSources onFollow={setFollowing} />
    </div>
  )
}
