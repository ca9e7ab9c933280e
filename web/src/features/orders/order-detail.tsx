/** All fields of one order. */
import { useTranslations } from 'use-intl'
import type { Order } from '@/api/queries.ts'
import { DateTime, Figure } from '@/components/figures.tsx'
import { UNKNOWN } from '@/lib/numbers.ts'
import { Copyable, Field, Fields } from './copyable.tsx'

const TIMES = [
  ['createdAt', 'created_at'],
  ['sentAt', 'sent_at'],
  ['acceptedAt', 'accepted_at'],
  ['finishedAt', 'finished_at'],
  ['updatedAt', 'updated_at'],
] as const

const IDS = [
  ['idOrder', 'id'],
  ['idTrace', 'trace_id'],
  ['idClient', 'client_order_id'],
  ['idVenue', 'venue_order_id'],
  ['idPlan', 'plan_id'],
  ['idSource', 'source_id'],
  ['idParent', 'parent_order_id'],
] as const

const ORIGINS = ['automatic', 'person', 'external'] as const

export function OrderDetail({ order, account }: { order: Order; account: string }) {
  const t = useTranslations('orders')
  const common = useTranslations('common')
  const origin = ORIGINS.find((known) => known === order.origin)
  return (
    <Fields>
      <Field label={t('account')}>{account}</Field>
      <Field label={t('venue')}>{order.venue}</Field>
      <Field label={t('origin')}>{origin ? t(`origins.${origin}`) : order.origin}</Field>
      <Field label={t('state')}>{t(`states.${order.state}`)}</Field>
      <Field label={t('reason')}>{order.reason || UNKNOWN}</Field>
      <Field label={t('reasonCode')}>{order.reason_code || UNKNOWN}</Field>
      <Field label={t('role')}>{t(`roles.${order.role}`)}</Field>
      <Field label={t('type')}>{t(`types.${order.order_type}`)}</Field>
      <Field label={t('timeInForce')}>{t(`times.${order.time_in_force}`)}</Field>
      <Field label={t('reduceOnly')}>{order.reduce_only ? common('yes') : common('no')}</Field>
      <Field label={t('filled')}>
        <Figure value={order.cumulative_quantity} /> / <Figure value={order.quantity} />
      </Field>
      <Field label={t('fees')}>
        <Figure value={order.fees} />
      </Field>
      {TIMES.map(([label, field]) => (
        <Field key={field} label={t(label)}>
          <DateTime at={order[field]} />
        </Field>
      ))}
      {IDS.map(([label, field]) => (
        <Field key={field} label={t(label)}>
          <Copyable label={t(label)} value={order[field]} />
        </Field>
      ))}
    </Fields>
  )
}
