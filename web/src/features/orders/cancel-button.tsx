/** One press asks for the cancel of one order; that it is gone is said by its state alone. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, isRefused, once, unwrap } from '@/api/client.ts'
import type { Order } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { newKey } from '@/lib/ids.ts'
import { formatNumber } from '@/lib/numbers.ts'
import { isOpen } from './order-state.tsx'

export function CancelButton({
  order,
  onError,
}: {
  order: Order
  /** Told of a failure, or with null that there is none any more. */
  onError: (order: Order, error: unknown) => void
}) {
  const t = useTranslations('orders')
  const client = useQueryClient()
  const [key, setKey] = useState(newKey)
  const [requestedFor, setRequestedFor] = useState<string | null>(null)
  const cancel = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/orders/{order_id}/cancel', {
          params: { path: { order_id: order.id }, header: once(key) },
        }),
      ),
    onMutate: () => onError(order, null),
    onSuccess: () => {
      setRequestedFor(order.updated_at)
      setKey(newKey())
      void client.invalidateQueries({ queryKey: ['orders'] })
    },
    onError: (error) => {
      if (isRefused(error)) setKey(newKey())
      onError(order, error)
    },
  })
  if (!isOpen(order)) return null
  // Once the order has moved on, its own state tells whether the cancel was taken.
  if (order.state === 'pending_cancel' || requestedFor === order.updated_at) {
    return <span role="status">{t('cancelRequested')}</span>
  }
  return (
    <Button
      size="small"
      disabled={cancel.isPending}
      aria-label={t('cancelOf', {
        side: t(`sides.${order.side}`),
        quantity: formatNumber(order.quantity),
        symbol: order.symbol,
      })}
      onClick={() => cancel.mutate()}
    >
      {t('cancel')}
    </Button>
  )
}
