/** Executions as the brokers reported them. */
import { useLocale, useTranslations } from 'use-intl'
import { DateTime, Figure } from '@/components/figures.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatDateTime } from '@/lib/time.ts'
import { Copyable, Field, Fields } from './copyable.tsx'
import { ExpandingRow } from './expander.tsx'
import type { Fill } from './order-queries.ts'
import { TraceLink } from './order-table.tsx'

const COLUMNS = 9

export function FillsTable({
  fills,
  accountNames,
}: {
  fills: readonly Fill[]
  accountNames: ReadonlyMap<string, string>
}) {
  const t = useTranslations('orders')
  const locale = useLocale()
  return (
    <Table
      label={t('tabFills')}
      head={
        <>
          <Th>
            <span className="sr-only">{t('detailsHead')}</span>
          </Th>
          <Th>{t('time')}</Th>
          <Th>{t('symbol')}</Th>
          <Th>{t('side')}</Th>
          <Th right>{t('quantity')}</Th>
          <Th right>{t('price')}</Th>
          <Th right>{t('fee')}</Th>
          <Th>{t('kind')}</Th>
          <Th>{t('trace')}</Th>
        </>
      }
    >
      {fills.map((fill) => {
        const name = { symbol: fill.symbol, time: formatDateTime(fill.executed_at, ZONE, locale) }
        return (
          <ExpandingRow
            key={fill.id}
            label={t('details', name)}
            columns={COLUMNS}
            cells={
              <>
                <Td>
                  <DateTime at={fill.executed_at} />
                </Td>
                <Td className="font-medium">{fill.symbol}</Td>
                <Td>{t(`sides.${fill.side}`)}</Td>
                <Td right>
                  <Figure value={fill.quantity} />
                </Td>
                <Td right>
                  <Figure value={fill.price} />
                </Td>
                <Td right>
                  <Figure value={fill.fee} />
                </Td>
                <Td>{t(`kinds.${fill.kind}`)}</Td>
                <Td>{fill.trace_id ? <TraceLink trace={fill.trace_id} {...name} /> : null}</Td>
              </>
            }
          >
            {() => (
              <Fields>
                <Field label={t('account')}>{accountNames.get(fill.account_id) ?? fill.account_id}</Field>
                <Field label={t('time')}>
                  <DateTime at={fill.executed_at} />
                </Field>
                <Field label={t('bookedAt')}>
                  <DateTime at={fill.booked_at} />
                </Field>
                <Field label={t('idFill')}>
                  <Copyable label={t('idFill')} value={fill.id} />
                </Field>
                <Field label={t('idOrder')}>
                  <Copyable label={t('idOrder')} value={fill.order_id} />
                </Field>
                <Field label={t('idTrace')}>
                  <Copyable label={t('idTrace')} value={fill.trace_id} />
                </Field>
              </Fields>
            )}
          </ExpandingRow>
        )
      })}
    </Table>
  )
}
