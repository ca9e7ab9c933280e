/** Addresses of the app, below `/app`. Each screen is a chunk of its own; what it shows first is asked for early. */
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { ApiError } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { texts } from '@/i18n/texts.ts'
import { NotFound, ScreenError } from './fallbacks.tsx'

interface TradeSearch {
  symbol?: string
  side?: 'buy' | 'sell'
  effect?: 'open' | 'close'
  account?: string
}

/** What a link to the ticket fills in; anything else in the address is left out. */
function readTradeSearch(search: Record<string, unknown>): TradeSearch {
  const { symbol, side, effect, account } = search
  return {
    ...(typeof symbol === 'string' && symbol.length <= 40 ? { symbol } : {}),
    ...(side === 'buy' || side === 'sell' ? { side } : {}),
    ...(effect === 'open' || effect === 'close' ? { effect } : {}),
    ...(typeof account === 'string' ? { account } : {}),
  }
}

interface Context {
  client: QueryClient
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound })

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  loader: () => texts.ensure('kill'),
  component: lazyRouteComponent(() => import('./shell.tsx'), 'Shell'),
  errorComponent: ScreenError,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(meQuery)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        throw redirect({ to: '/sign-in', search: { next: location.href } })
      }
      throw error
    }
  },
})

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  loader: () => texts.ensure('home'),
  component: lazyRouteComponent(() => import('@/features/home/home-page.tsx'), 'HomePage'),
})

const signals = createRoute({
  getParentRoute: () => inside,
  path: '/signals',
  loader: () => texts.ensure('signals'),
  component: lazyRouteComponent(() => import('@/features/signals/signals-page.tsx'), 'SignalsPage'),
})

const signal = createRoute({
  getParentRoute: () => inside,
  path: '/signals/$signalId',
  loader: () => texts.ensure('signals'),
  component: lazyRouteComponent(() => import('@/features/signals/signal-page.tsx'), 'SignalPage'),
})

const positions = createRoute({
  getParentRoute: () => inside,
  path: '/positions',
  loader: () => texts.ensure('home', 'orders', 'positions', 'signals'),
  component: lazyRouteComponent(() => import('@/features/positions/positions-page.tsx'), 'PositionsPage'),
})

const trade = createRoute({
  getParentRoute: () => inside,
  path: '/trade',
  validateSearch: readTradeSearch,
  loader: () => texts.ensure('chart', 'trade'),
  component: lazyRouteComponent(() => import('@/features/trade/trade-page.tsx'), 'TradePage'),
})

const orders = createRoute({
  getParentRoute: () => inside,
  path: '/orders',
  loader: () => texts.ensure('orders', 'signals'),
  component: lazyRouteComponent(() => import('@/features/orders/orders-page.tsx'), 'OrdersPage'),
})

const trace = createRoute({
  getParentRoute: () => inside,
  path: '/traces/$traceId',
  loader: () => texts.ensure('signals', 'orders'),
  component: lazyRouteComponent(() => import('@/features/orders/trace-page.tsx'), 'TracePage'),
})

const follows = createRoute({
  getParentRoute: () => inside,
  path: '/follows',
  loader: () => texts.ensure('follows', 'signals'),
  component: lazyRouteComponent(() => import('@/features/follows/follows-page.tsx'), 'FollowsPage'),
})

const risk = createRoute({
  getParentRoute: () => inside,
  path: '/risk',
  loader: () => texts.ensure('home', 'orders', 'positions', 'risk', 'signals'),
  component: lazyRouteComponent(() => import('@/features/risk/risk-page.tsx'), 'RiskPage'),
})

const connections = createRoute({
  getParentRoute: () => inside,
  path: '/connections',
  loader: () => texts.ensure('connections'),
  component: lazyRouteComponent(
    () => import('@/features/connections/connections-page.tsx'),
    'ConnectionsPage',
  ),
})

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  loader: () => texts.ensure('audit'),
  component: lazyRouteComponent(() => import('@/features/audit/audit-page.tsx'), 'AuditPage'),
})

const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  loader: () => texts.ensure('auth', 'settings'),
  component: lazyRouteComponent(() => import('@/features/settings/settings-page.tsx'), 'SettingsPage'),
})

const admin = createRoute({
  getParentRoute: () => inside,
  path: '/admin',
  loader: () => texts.ensure('admin', 'audit', 'connections'),
  component: lazyRouteComponent(() => import('@/features/admin/admin-page.tsx'), 'AdminPage'),
})

const onboarding = createRoute({
  getParentRoute: () => inside,
  path: '/onboarding',
  loader: () => texts.ensure('auth', 'onboarding', 'settings'),
  component: lazyRouteComponent(() => import('@/features/onboarding/onboarding-page.tsx'), 'OnboardingPage'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search['next'] === 'string' ? { next: search['next'] } : {},
  loader: () => texts.ensure('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/sign-in-page.tsx'), 'SignInPage'),
})

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  loader: () => texts.ensure('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/sign-up-page.tsx'), 'SignUpPage'),
})

const verify = createRoute({
  getParentRoute: () => root,
  path: '/verify',
  loader: () => texts.ensure('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/verify-page.tsx'), 'VerifyPage'),
})

const reset = createRoute({
  getParentRoute: () => root,
  path: '/reset',
  loader: () => texts.ensure('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/reset-page.tsx'), 'ResetPage'),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup/$token',
  loader: () => texts.ensure('auth'),
  component: lazyRouteComponent(() => import('@/features/auth/setup-page.tsx'), 'SetupPage'),
})

const routeTree = root.addChildren([
  inside.addChildren([
    home,
    signals,
    signal,
    positions,
    trade,
    orders,
    trace,
    follows,
    risk,
    connections,
    audit,
    settings,
    admin,
    onboarding,
  ]),
  signIn,
  signUp,
  verify,
  reset,
  setup,
])

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    basepath: '/app',
    context: { client },
    defaultPreload: 'intent',
    defaultErrorComponent: ScreenError,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
