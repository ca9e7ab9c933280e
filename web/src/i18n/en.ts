/** English. The other languages have the same keys, which the compiler checks. */
import { admin } from '@/features/admin/en.ts'
import { audit } from '@/features/audit/en.ts'
import { auth } from '@/features/auth/en.ts'
import { chart } from '@/features/chart/en.ts'
import { connections } from '@/features/connections/en.ts'
import { follows } from '@/features/follows/en.ts'
import { home } from '@/features/home/en.ts'
import { kill } from '@/features/kill/en.ts'
import { onboarding } from '@/features/onboarding/en.ts'
import { orders } from '@/features/orders/en.ts'
import { positions } from '@/features/positions/en.ts'
import { risk } from '@/features/risk/en.ts'
import { settings } from '@/features/settings/en.ts'
import { signals } from '@/features/signals/en.ts'
import { trade } from '@/features/trade/en.ts'

export const en = {
  app: {
    name: 'Tradsy',
    skip: 'Skip to content',
    mainNavigation: 'Main',
    home: 'Home',
    signals: 'Signals',
    positions: 'Positions',
    trade: 'Trade',
    orders: 'Orders',
    follows: 'Follows',
    risk: 'Risk',
    connections: 'Connections',
    audit: 'Audit',
    settings: 'Settings',
    admin: 'Admin',
    more: 'More',
    paper: 'PAPER',
    live: 'LIVE',
    paperHint: 'Paper money: nothing here can lose real money.',
    signOut: 'Sign out',
    theme: 'Theme',
    light: 'Light',
    dark: 'Dark',
    notFound: 'There is no such page.',
    goHome: 'Go to Home',
    shortcuts: 'Keyboard shortcuts',
    shortcutHelp: 'Show this list',
    shortcutGo: 'Go to {page}',
    shortcutKill: 'Stop trading',
    shortcutsOff: 'Shortcuts are off while you type.',
  },
  link: {
    live: 'Live',
    liveWith: 'Live, {ms} ms',
    connecting: 'Connecting',
    stale: 'Stale',
    reconnecting: 'Reconnecting',
    delayed: 'Delayed',
    offline: 'Offline',
    ended: 'Signed out',
    status: 'Connection: {state}',
    banner: {
      never:
        'Live data could not be reached yet (try {attempt}). What you see was read once and does not move.',
      connecting: 'Connecting to live data. What you see is from {age} ago.',
      stale: 'Nothing was heard from the server for {age}. Prices and orders below may be old.',
      reconnecting: 'Live data is interrupted (try {attempt}). What you see is from {age} ago.',
      delayed: 'Live data is blocked. This page asks the server every 5 seconds instead.',
      offline: 'You are offline. What you see is from {age} ago and cannot be acted on.',
    },
  },
  common: {
    loading: 'Loading',
    retry: 'Try again',
    close: 'Close',
    cancel: 'Cancel',
    back: 'Back',
    save: 'Save',
    saved: 'Saved.',
    more: 'Show more',
    refresh: 'Refresh',
    unknown: 'unknown',
    none: 'none',
    yes: 'yes',
    no: 'no',
    errorTitle: 'This did not work',
    trace: 'Trace {id}',
    notSent: 'Nothing was changed.',
    maybeSent: 'It is not known whether this arrived. Look before you press again.',
    stepUpTitle: 'Confirm that it is you',
    stepUpText: 'This is a sensitive act. Enter your password; it counts for five minutes.',
    password: 'Password',
    confirm: 'Confirm',
    demo: 'Demo',
    ago: '{age} ago',
    closed: 'Closed',
    noPrice: 'No price',
  },
  home,
  signals,
  trade,
  positions,
  orders,
  follows,
  risk,
  kill,
  chart,
  connections,
  audit,
  settings,
  admin,
  auth,
  onboarding,
}

/** The shape of every catalogue: the keys of English, with any text. */
type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
export type Messages = Texts<typeof en>
