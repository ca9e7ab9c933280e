/** The caller's own orders, position and fills of a symbol, as lines and arrows with their words. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { openOrdersQuery, positionsQuery } from '@/api/queries.ts'
import { formatNumber } from '@/lib/numbers.ts'
import type { Candle, Mark } from './adapter.ts'
import type { Step } from './bars.ts'
import { orderLines, toMarks } from './drawing.ts'
import type { NamedLine } from './legend.tsx'
import { fillsQuery } from './queries.ts'

interface Overlays {
  lines: readonly NamedLine[]
  marks: readonly Mark[]
  isIncomplete: boolean
}

export function useOverlays(
  accountId: string,
  symbol: string,
  step: Step,
  candles: readonly Candle[],
  decimals: number | undefined,
  hasRoom: boolean,
): Overlays {
  const t = useTranslations('chart')
  const locale = useLocale()
  const orders = useQuery(openOrdersQuery)
  const positions = useQuery(positionsQuery)
  const fills = useQuery(fillsQuery(accountId))
  const average = positions.data?.items.find(
    (held) => held.account_id === accountId && held.symbol === symbol,
  )?.average_price

  const lines = useMemo(() => {
    const price = (text: string) => formatNumber(text, decimals, locale)
    const waiting = orderLines(orders.data ?? [], accountId, symbol).map((line): NamedLine => {
      const quantity = formatNumber(line.order.quantity, undefined, locale)
      const words = { side: t(line.order.side), quantity }
      return {
        id: line.id,
        kind: 'order',
        price: Number(line.price),
        text: hasRoom ? t(`${line.kind}Title`, words) : '',
        name: t(`${line.kind}Line`, { ...words, price: price(line.price) }),
      }
    })
    if (!average) return waiting
    const held: NamedLine = {
      id: 'position',
      kind: 'position',
      price: Number(average),
      text: hasRoom ? t('positionTitle') : '',
      name: t('positionLine', { price: price(average) }),
    }
    return [...waiting, held]
  }, [orders.data, average, accountId, symbol, decimals, hasRoom, locale, t])

  const marks = useMemo(() => {
    const own = (fills.data ?? []).filter((fill) => fill.symbol === symbol && fill.kind !== 'bust')
    return toMarks(own, candles, step, (fill) =>
      hasRoom
        ? t('fill', { side: t(fill.side), quantity: formatNumber(fill.quantity, undefined, locale) })
        : '',
    )
  }, [fills.data, symbol, candles, step, hasRoom, locale, t])

  return { lines, marks, isIncomplete: orders.isError || positions.isError || fills.isError }
}
