/** Ways to look at orders: each has an address of its own. */
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { cn } from '@/lib/cn.ts'
import { changed } from './url-search.ts'

export const TABS = ['open', 'all', 'fills', 'refused'] as const
export type Tab = (typeof TABS)[number]
const NAMES = { open: 'tabOpen', all: 'tabAll', fills: 'tabFills', refused: 'tabRefused' } as const

export function Tabs({ current }: { current: Tab }) {
  const t = useTranslations('orders')
  return (
    <nav aria-label={t('tabs')} className="flex gap-1 overflow-x-auto border-line border-b">
      {TABS.map((tab) => (
        <Link
          key={tab}
          to="."
          search={
            ((old: Record<string, unknown>) => changed(old, { tab: tab === 'open' ? '' : tab })) as never
          }
          aria-current={tab === current ? 'page' : undefined}
          className={cn(
            'inline-flex min-h-9 items-center border-b-2 px-3 pointer-coarse:min-h-11',
            tab === current
              ? 'border-accent font-semibold text-ink'
              : 'border-transparent text-ink2 hover:text-ink',
          )}
        >
          {t(NAMES[tab])}
        </Link>
      ))}
    </nav>
  )
}
