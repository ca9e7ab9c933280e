import { useTranslations } from 'use-intl'
import { DateTime, Figure } from '@/components/figures.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import type { Bar } from './bars.ts'

const MOST = 100

/** The same figures as the picture, newest first. */
export function BarsTable({
  symbol,
  bars,
  decimals,
}: {
  symbol: string
  bars: readonly Bar[]
  decimals: number | undefined
}) {
  const t = useTranslations('chart')
  const newest = bars.slice(-MOST).reverse()
  const places = decimals === undefined ? {} : { decimals }
  return (
    <div className="max-h-96 overflow-y-auto">
      <Table
        label={t('table', { symbol })}
        head={
          <>
            <Th>{t('time')}</Th>
            <Th right>{t('open')}</Th>
            <Th right>{t('high')}</Th>
            <Th right>{t('low')}</Th>
            <Th right>{t('close')}</Th>
            <Th right>{t('volume')}</Th>
          </>
        }
      >
        {newest.map((bar) => (
          <tr key={bar.at}>
            <Td>
              <DateTime at={bar.at} />
            </Td>
            <Td right>
              <Figure value={bar.open} {...places} />
            </Td>
            <Td right>
              <Figure value={bar.high} {...places} />
            </Td>
            <Td right>
              <Figure value={bar.low} {...places} />
            </Td>
            <Td right>
              <Figure value={bar.close} {...places} />
            </Td>
            <Td right>
              <Figure value={bar.volume} />
            </Td>
          </tr>
        ))}
      </Table>
      {bars.length > MOST ? (
        <p className="px-4 py-2 text-ink3 text-meta">
          {t('newest', { count: newest.length, total: bars.length })}
        </p>
      ) : null}
    </div>
  )
}
