/** The frame of every screen behind the sign-in: rail or bottom bar, header, what is stopped, what is stale. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import {
  Activity,
  ArrowLeftRight,
  Cable,
  ClipboardList,
  Home,
  type LucideIcon,
  Menu,
  Moon,
  Radio,
  Rss,
  ScrollText,
  Settings,
  ShieldAlert,
  Sun,
  Users,
} from 'lucide-react'
import { useCallback, useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { accountsQuery, meQuery, pendingPlansQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { HaltedBar, KillButton, KillDialog } from '@/features/kill/kill-switch.tsx'
import { RealtimeProvider } from '@/realtime/provider.tsx'
import { applyAppearance, onAppearance, readAppearance } from './appearance.ts'
import { LinkBanner, LinkPill } from './link-status.tsx'
import { Shortcuts } from './shortcuts.tsx'

const PAGES = [
  ['home', '/', Home],
  ['signals', '/signals', Radio],
  ['positions', '/positions', Activity],
  ['trade', '/trade', ArrowLeftRight],
  ['orders', '/orders', ClipboardList],
  ['follows', '/follows', Rss],
  ['risk', '/risk', ShieldAlert],
  ['connections', '/connections', Cable],
  ['audit', '/audit', ScrollText],
  ['settings', '/settings', Settings],
] as const satisfies readonly (readonly [string, string, LucideIcon])[]
const ON_PHONE = 4

export function Shell() {
  const navigate = useNavigate()
  const client = useQueryClient()
  const onEnd = useCallback(() => {
    client.clear()
    void navigate({ to: '/sign-in' })
  }, [client, navigate])
  return (
    <RealtimeProvider onEnd={onEnd}>
      <Frame />
    </RealtimeProvider>
  )
}

function Frame() {
  const t = useTranslations('app')
  const me = useQuery(meQuery)
  const [isStopping, setStopping] = useState(false)
  const stop = useCallback(() => setStopping(true), [])
  const isAdmin = me.data?.role === 'admin'
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:bg-surface focus:p-2"
      >
        {t('skip')}
      </a>
      <header className="sticky top-0 z-20 border-line border-b bg-surface">
        <div className="flex min-h-13 flex-wrap items-center gap-3 px-4 py-1">
          <Link to="/" className="font-semibold text-figure">
            {t('name')}
          </Link>
          <AccountBadges />
          <span className="flex-1" />
          <LinkPill />
          <ThemeButton />
          <KillButton onPress={stop} />
        </div>
        <LinkBanner />
        <HaltedBar />
      </header>
      <div className="flex flex-1">
        <nav
          aria-label={t('mainNavigation')}
          className="sticky top-13 hidden h-[calc(100dvh-3.25rem)] w-44 shrink-0 flex-col gap-1 overflow-y-auto border-line border-r bg-surface p-2 md:flex"
        >
          {PAGES.map(([name, to, Icon]) => (
            <NavLink key={to} name={name} to={to} icon={Icon} />
          ))}
          {isAdmin ? <NavLink name="admin" to="/admin" icon={Users} /> : null}
        </nav>
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto w-full min-w-0 max-w-[1680px] flex-1 p-4 max-md:pb-24"
        >
          <Outlet />
        </main>
      </div>
      <BottomBar isAdmin={isAdmin} />
      <KillDialog open={isStopping} onClose={() => setStopping(false)} />
      <Shortcuts onKill={stop} />
    </div>
  )
}

type PageName = (typeof PAGES)[number][0] | 'admin'

function NavLink({
  name,
  to,
  icon: Icon,
  onPress,
}: {
  name: PageName
  to: string
  icon: LucideIcon
  onPress?: () => void
}) {
  const t = useTranslations('app')
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === '/' }}
      {...(onPress ? { onClick: onPress } : {})}
      className="flex min-h-9 items-center gap-3 rounded-[6px] px-3 text-ink2 hover:bg-sunken data-[status=active]:bg-sunken data-[status=active]:font-medium data-[status=active]:text-ink pointer-coarse:min-h-11"
    >
      <Icon aria-hidden="true" className="size-4" />
      {t(name)}
      {name === 'signals' ? <PendingCount /> : null}
    </Link>
  )
}

function PendingCount() {
  const plans = useQuery(pendingPlansQuery)
  const count = plans.data?.length ?? 0
  return count > 0 ? <Badge tone="warn">{count}</Badge> : null
}

function BottomBar({ isAdmin }: { isAdmin: boolean }) {
  const t = useTranslations('app')
  const [isOpen, setOpen] = useState(false)
  return (
    <nav
      aria-label={t('mainNavigation')}
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-5 border-line border-t bg-surface md:hidden"
    >
      {PAGES.slice(0, ON_PHONE).map(([name, to, Icon]) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === '/' }}
          className="flex min-h-14 flex-col items-center justify-center gap-1 text-axis text-ink2 data-[status=active]:font-semibold data-[status=active]:text-ink"
        >
          <Icon aria-hidden="true" className="size-5" />
          {t(name)}
        </Link>
      ))}
      <button
        type="button"
        className="flex min-h-14 flex-col items-center justify-center gap-1 text-axis text-ink2"
        onClick={() => setOpen(true)}
      >
        <Menu aria-hidden="true" className="size-5" />
        {t('more')}
      </button>
      <Dialog open={isOpen} onClose={() => setOpen(false)} title={t('more')}>
        <div className="flex flex-col gap-1">
          {PAGES.slice(ON_PHONE).map(([name, to, Icon]) => (
            <NavLink key={to} name={name} to={to} icon={Icon} onPress={() => setOpen(false)} />
          ))}
          {isAdmin ? <NavLink name="admin" to="/admin" icon={Users} onPress={() => setOpen(false)} /> : null}
        </div>
      </Dialog>
    </nav>
  )
}

function AccountBadges() {
  const t = useTranslations('app')
  const accounts = useQuery(accountsQuery)
  const active = accounts.data?.filter((account) => account.state === 'active') ?? []
  if (active.length === 0) return null
  const isLive = active.some((account) => !account.is_paper)
  return (
    <span title={isLive ? undefined : t('paperHint')}>
      <Badge tone={isLive ? 'bad' : 'accent'}>{isLive ? t('live') : t('paper')}</Badge>
    </span>
  )
}

function ThemeButton() {
  const t = useTranslations('app')
  const theme = useSyncExternalStore(onAppearance, () => readAppearance().theme)
  const next = theme === 'dark' ? 'light' : 'dark'
  return (
    <Button
      kind="quiet"
      aria-label={`${t('theme')}: ${t(next)}`}
      onClick={() => applyAppearance({ theme: next })}
    >
      {theme === 'dark' ? (
        <Sun aria-hidden="true" className="size-4" />
      ) : (
        <Moon aria-hidden="true" className="size-4" />
      )}
    </Button>
  )
}
