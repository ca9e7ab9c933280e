import { Link } from '@tanstack/react-router'
import type { Ref } from 'react'
import { useTranslations } from 'use-intl'
import type { Position } from '@/api/queries.ts'
import { buttonClass } from '@/components/button.tsx'
import { Change, DateTime, Figure } from '@/components/figures.tsx'
import { Td } from '@/components/table.tsx'
import { PaperBadge } from '@/features/home/home-page.tsx'
import { direction } from '@/lib/numbers.ts'
import { PriceCell, QuoteCell } from './price-cells.tsx'
import type { AccountSums } from './totals.ts'

/** Where a row stands in the whole table. */
interface Place {
  'aria-rowindex': number
  'data-index': number
  ref: Ref<HTMLTableRowElement> | undefined
}

const GROUP_CELL = 'h-(--row) border-line border-t bg-sunken px-3 font-semibold whitespace-nowrap'

export function GroupRow({ group, place }: { group: AccountSums; place: Place }) {
  const t = useTranslations('positions')
  return (
    <tr {...place}>
      <th scope="rowgroup" colSpan={6} className={`${GROUP_CELL} pl-4 text-left`}>
        <span className="inline-flex items-center gap-2">
          {t('groupOf', { account: group.label, count: group.count })}
          {group.isPaper === null ? null : <PaperBadge isPaper={group.isPaper} />}
          <span className="font-normal text-ink3">{group.currency}</span>
        </span>
      </th>
      <td className={`${GROUP_CELL} numeric text-right`}>
        <Figure value={group.value} decimals={2} />
      </td>
      <td className={`${GROUP_CELL} numeric text-right`}>
        <Change value={group.unrealized} decimals={2} />
      </td>
      <td className={`${GROUP_CELL} numeric text-right`}>
        <Change value={group.realized} decimals={2} />
      </td>
      <td className={`${GROUP_CELL} numeric text-right`}>
        <Figure value={group.fees} decimals={2} />
      </td>
      <td className={GROUP_CELL} />
    </tr>
  )
}

export function PositionRow({
  position,
  isClosed,
  place,
}: {
  position: Position
  isClosed: boolean
  place: Place
}) {
  const t = useTranslations('positions')
  return (
    <tr {...place}>
      <th
        scope="row"
        className="h-(--row) border-line border-t pr-3 pl-4 text-left font-medium whitespace-nowrap"
      >
        <span className="inline-flex items-center gap-3">
          {position.symbol}
          <Link
            to="/trade"
            search={{
              symbol: position.symbol,
              side: direction(position.quantity) === 'down' ? 'buy' : 'sell',
              effect: 'close',
              account: position.account_id,
            }}
            aria-label={t('closeOf', { symbol: position.symbol })}
            className={buttonClass({ size: 'small' })}
          >
            {t('close')}
          </Link>
        </span>
      </th>
      <Td>{t(`classes.${position.asset_class}`)}</Td>
      <Td right>
        <Figure value={position.quantity} />
      </Td>
      <Td right>
        <Figure value={position.average_price} />
      </Td>
      <Td right>
        <PriceCell position={position} closed={isClosed} />
      </Td>
      <Td right>
        <QuoteCell symbol={position.symbol} closed={isClosed} />
      </Td>
      <Td right>
        <Figure value={position.market_value} decimals={2} />
      </Td>
      <Td right>
        <Change value={position.unrealized_pnl} decimals={2} />
      </Td>
      <Td right>
        <Change value={position.realized_pnl} decimals={2} />
      </Td>
      <Td right>
        <Figure value={position.fees} decimals={2} />
      </Td>
      <Td>
        <DateTime at={position.opened_at} />
      </Td>
    </tr>
  )
}
