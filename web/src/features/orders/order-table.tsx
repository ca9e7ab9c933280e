/** Orders with their state in words, what can be done about them, and all fields on demand. */
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import type { Order } from '@/api/queries.ts'
import { DateTime, Figure } from '@/components/figures.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatDateTime } from '@/lib/time.ts'
import { CancelButton } from './cancel-button.tsx'
import { ExpandingRow } from './expander.tsx'
import { OrderDetail } from './order-detail.tsx'
import { OrderState } from './order-state.tsx'

const COLUMNS = 15

export function OrderTable({
  label,
  orders,
  accountNames,
}: {
  label: string
  orders: readonly Order[]
  accountNames: ReadonlyMap<string, string>
}) {
  const t = useTranslations('orders')
  const [failure, setFailure] = useState<{ order: Order; error: unknown } | null>(null)
  return (
    <>
      {failure ? (
        <section aria-label={t('cancelFailed', { symbol: failure.order.symbol })}>
          <p className="px-4 pt-3 font-medium">{t('cancelFailed', { symbol: failure.order.symbol })}</p>
          <ErrorNote error={failure.error} wrote />
        </section>
      ) : null}
      <Table
        label={label}
        head={
          <>
            <Th>
              <span className="sr-only">{t('detailsHead')}</span>
            </Th>
            <Th>{t('symbol')}</Th>
            <Th>{t('side')}</Th>
            <Th>{t('act')}</Th>
            <Th>{t('time')}</Th>
            <Th>{t('state')}</Th>
            <Th right>{t('quantity')}</Th>
            <Th right>{t('filled')}</Th>
            <Th>{t('role')}</Th>
            <Th>{t('type')}</Th>
            <Th right>{t('limit')}</Th>
            <Th right>{t('stop')}</Th>
            <Th right>{t('average')}</Th>
            <Th>{t('reason')}</Th>
            <Th>{t('trace')}</Th>
          </>
        }
      >
        {orders.map((order) => (
          <OrderRow
            key={order.id}
            order={order}
            account={accountNames.get(order.account_id) ?? order.account_id}
            onError={(failed, error) => setFailure(error === null ? null : { order: failed, error })}
          />
        ))}
      </Table>
    </>
  )
}

function OrderRow({
  order,
  account,
  onError,
}: {
  order: Order
  account: string
  onError: (order: Order, error: unknown) => void
}) {
  const t = useTranslations('orders')
  const locale = useLocale()
  const name = { symbol: order.symbol, time: formatDateTime(order.created_at, ZONE, locale) }
  return (
    <ExpandingRow
      label={t('details', name)}
      columns={COLUMNS}
      cells={
        <>
          <Td className="font-medium">{order.symbol}</Td>
          <Td>{t(`sides.${order.side}`)}</Td>
          <Td>
            <CancelButton order={order} onError={onError} />
          </Td>
          <Td>
            <DateTime at={order.created_at} />
          </Td>
          <Td>
            <OrderState state={order.state} />
          </Td>
          <Td right>
            <Figure value={order.quantity} />
          </Td>
          <Td right>
            <Figure value={order.cumulative_quantity} />
          </Td>
          <Td>{t(`roles.${order.role}`)}</Td>
          <Td>{t(`types.${order.order_type}`)}</Td>
          <Td right>
            <Figure value={order.limit_price} />
          </Td>
          <Td right>
            <Figure value={order.stop_price} />
          </Td>
          <Td right>
            <Figure value={order.average_price} />
          </Td>
          <Td className="max-w-80 min-w-40 whitespace-normal">{order.reason || order.reason_code}</Td>
          <Td>
            <TraceLink trace={order.trace_id} {...name} />
          </Td>
        </>
      }
    >
      {() => <OrderDetail order={order} account={account} />}
    </ExpandingRow>
  )
}

export function TraceLink({ trace, symbol, time }: { trace: string; symbol: string; time: string }) {
  const t = useTranslations('orders')
  return (
    <Link
      to="/traces/$traceId"
      params={{ traceId: trace }}
      aria-label={t('openTraceOf', { symbol, time })}
      className="inline-flex min-h-6 items-center text-accent underline"
    >
      {t('openTrace')}
    </Link>
  )
}
