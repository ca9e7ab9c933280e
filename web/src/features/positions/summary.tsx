/** What all positions come to, per account and per currency, with the exposure of each account. */
import { useLocale, useTranslations } from 'use-intl'
import type { Position } from '@/api/queries.ts'
import { Change, Figure } from '@/components/figures.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { PaperBadge } from '@/features/home/home-page.tsx'
import { formatNumber } from '@/lib/numbers.ts'
import { Meter } from './meter.tsx'
import { type Account, type Sums, sumAccounts, sumCurrencies } from './totals.ts'

export function Summary({
  positions,
  accounts,
}: {
  positions: readonly Position[]
  accounts: readonly Account[]
}) {
  const t = useTranslations('positions')
  return (
    <>
      {positions.some((position) => position.market_value === null) ? (
        <p className="px-4 pt-3 text-warn">{t('incomplete')}</p>
      ) : null}
      <Table
        label={t('totals')}
        head={
          <>
            <Th>{t('account')}</Th>
            <Th right>{t('count')}</Th>
            <Th right>{t('value')}</Th>
            <Th right>{t('unrealized')}</Th>
            <Th right>{t('realized')}</Th>
            <Th right>{t('fees')}</Th>
            <Th>{t('currency')}</Th>
            <Th>{t('exposure')}</Th>
          </>
        }
      >
        {sumAccounts(positions, accounts).map((account) => (
          <Row key={account.id} sums={account} name={account.label} {...account} />
        ))}
        {sumCurrencies(positions, accounts).map((total) => (
          <Row
            key={`${total.currency}${total.isPaper}`}
            sums={total}
            name={t('total', { currency: total.currency })}
            currency={total.currency}
            isPaper={total.isPaper}
            isTotal
          />
        ))}
      </Table>
      <p className="border-line border-t px-4 py-2 text-ink3 text-meta">{t('exposureHint')}</p>
    </>
  )
}

function Row({
  sums,
  name,
  currency,
  isPaper,
  isTotal = false,
}: {
  sums: Sums
  name: string
  currency: string
  isPaper: boolean | null
  isTotal?: boolean
}) {
  return (
    <tr className={isTotal ? 'font-semibold' : undefined}>
      <th
        scope="row"
        className="h-(--row) border-line border-t pr-3 pl-4 text-left font-medium whitespace-nowrap"
      >
        <span className="inline-flex items-center gap-2">
          {name}
          {isPaper === null ? null : <PaperBadge isPaper={isPaper} />}
        </span>
      </th>
      <Td right>{sums.count}</Td>
      <Td right>
        <Figure value={sums.value} decimals={2} />
      </Td>
      <Td right>
        <Change value={sums.unrealized} decimals={2} />
      </Td>
      <Td right>
        <Change value={sums.realized} decimals={2} />
      </Td>
      <Td right>
        <Figure value={sums.fees} decimals={2} />
      </Td>
      <Td>{currency}</Td>
      <Td className="min-w-48 whitespace-normal">
        <Exposure sums={sums} name={name} currency={currency} />
      </Td>
    </tr>
  )
}

function Exposure({ sums, name, currency }: { sums: Sums; name: string; currency: string }) {
  const t = useTranslations('positions')
  const locale = useLocale()
  if (sums.exposure === null || sums.exposurePart === null) {
    return <span className="text-ink3">{t('exposureUnknown')}</span>
  }
  const text = t('exposureText', {
    amount: formatNumber(sums.exposure, 2, locale),
    currency,
    percent: formatNumber(sums.exposurePart, 1, locale),
  })
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2">
      <Meter label={t('exposureOf', { account: name, text })} percent={sums.exposurePart} />
      <span className="numeric">{text}</span>
    </span>
  )
}
