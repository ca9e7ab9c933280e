/** Always visible: whether what is on the screen is live, and how old it is when it is not. */
import { useTranslations } from 'use-intl'
import { useNow } from '@/components/figures.tsx'
import { cn } from '@/lib/cn.ts'
import { formatAge } from '@/lib/time.ts'
import { useRealtime } from '@/realtime/provider.tsx'
import { type Link, POLL_AFTER } from '@/realtime/stream.ts'

type Shown = Link['state'] | 'delayed'

function shownState(link: Link): Shown {
  return link.state === 'reconnecting' && link.attempt >= POLL_AFTER ? 'delayed' : link.state
}

export function LinkPill() {
  const t = useTranslations('link')
  const { link } = useRealtime()
  const state = shownState(link)
  const name =
    state === 'live' && link.roundTrip !== null ? t('liveWith', { ms: Math.round(link.roundTrip) }) : t(state)
  return (
    <span
      role="status"
      aria-label={t('status', { state: t(state) })}
      className="numeric inline-flex min-h-6 items-center gap-2 text-meta"
    >
      <span
        aria-hidden="true"
        className={cn(
          'size-2 rounded-full',
          state === 'live' ? 'bg-up' : state === 'connecting' ? 'bg-line-strong' : 'bg-warn',
        )}
      />
      <span className="max-sm:sr-only">{name}</span>
    </span>
  )
}

export function LinkBanner() {
  const t = useTranslations('link.banner')
  const { link } = useRealtime()
  const now = useNow()
  const state = shownState(link)
  if (state === 'live' || state === 'ended' || (state === 'connecting' && link.heardAt === null)) return null
  if (link.heardAt === null && state !== 'delayed' && state !== 'offline') {
    return <Banner>{t('never', { attempt: link.attempt })}</Banner>
  }
  const age = link.heardAt === null ? '–' : formatAge(now - link.heardAt)
  return <Banner>{t(state, { age, attempt: link.attempt })}</Banner>
}

function Banner({ children }: { children: string }) {
  return (
    <div role="alert" className="border-warn border-b-2 bg-surface px-4 py-2 text-warn">
      {children}
    </div>
  )
}
