import { useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'

const TONES = { active: 'good', paused: 'warn', closed: 'neutral' } as const

export function StateBadge({ state }: { state: keyof typeof TONES }) {
  const t = useTranslations('follows')
  return <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
}
