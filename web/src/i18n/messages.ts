/** What texts there are: the keys of English, in any language. The texts themselves are loaded feature by feature. */
import type { admin } from '@/features/admin/en.ts'
import type { audit } from '@/features/audit/en.ts'
import type { auth } from '@/features/auth/en.ts'
import type { chart } from '@/features/chart/en.ts'
import type { connections } from '@/features/connections/en.ts'
import type { follows } from '@/features/follows/en.ts'
import type { home } from '@/features/home/en.ts'
import type { kill } from '@/features/kill/en.ts'
import type { onboarding } from '@/features/onboarding/en.ts'
import type { orders } from '@/features/orders/en.ts'
import type { positions } from '@/features/positions/en.ts'
import type { risk } from '@/features/risk/en.ts'
import type { settings } from '@/features/settings/en.ts'
import type { signals } from '@/features/signals/en.ts'
import type { trade } from '@/features/trade/en.ts'
import type { base } from './base-en.ts'

interface Features {
  admin: typeof admin
  audit: typeof audit
  auth: typeof auth
  chart: typeof chart
  connections: typeof connections
  follows: typeof follows
  home: typeof home
  kill: typeof kill
  onboarding: typeof onboarding
  orders: typeof orders
  positions: typeof positions
  risk: typeof risk
  settings: typeof settings
  signals: typeof signals
  trade: typeof trade
}

/** The shape of every catalogue: the keys of English, with any text. */
type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
export type Base = Texts<typeof base>
export type Messages = Base & Texts<Features>
export type Feature = keyof Features
export type Language = 'en' | 'de'
export const LANGUAGES: readonly Language[] = ['en', 'de']
