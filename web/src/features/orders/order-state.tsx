/** The state of an order in words; what is not known is said so. */
import { useTranslations } from 'use-intl'
import type { Order } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'

type State = Order['state']
type Tone = NonNullable<Parameters<typeof Badge>[0]['tone']>

const TONES: { [S in State]?: Tone } = {
  unknown: 'warn',
  quarantined: 'bad',
  rejected: 'bad',
  new: 'accent',
  partially_filled: 'accent',
  filled: 'good',
  pending_cancel: 'warn',
  pending_replace: 'warn',
}

/** States in which something rests at the broker, or may. */
const OPEN: ReadonlySet<State> = new Set([
  'submitting',
  'unknown',
  'new',
  'partially_filled',
  'pending_cancel',
  'pending_replace',
  'quarantined',
])

export function isOpen(order: Order): boolean {
  return OPEN.has(order.state)
}

export function OrderState({ state }: { state: State }) {
  const t = useTranslations('orders')
  return <Badge tone={TONES[state] ?? 'neutral'}>{t(`states.${state}`)}</Badge>
}
