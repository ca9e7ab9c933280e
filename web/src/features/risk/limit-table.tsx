/** Limits with their use: those that people change most first, the others on demand. */
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { Meter } from '@/features/positions/meter.tsx'
import { type Figures, usedPercent, useOf } from './limit-use.ts'
import { valueIn } from './limit-values.ts'
import type { Layer, Limit } from './risk-queries.ts'
import { useLimitWords } from './words.ts'

const MAIN: ReadonlySet<string> = new Set([
  'allowed_symbols',
  'any_symbol',
  'asset_classes',
  'max_order_notional',
  'max_order_equity_fraction',
  'max_gross_exposure',
  'max_symbol_exposure',
  'max_open_orders',
  'max_orders_per_day',
  'daily_loss_reduce_only',
  'daily_loss_halt',
  'drawdown_halt',
  'max_position_fraction',
  'max_positions',
  'min_account_equity',
])

interface TableProps {
  label: string
  limits: readonly Limit[]
  layer: Layer | undefined
  setBy: (limit: Limit) => string
  figures: Figures
  onEdit: (limit: Limit) => void
}

export function LimitTables({ isFinding, limits, label, ...rest }: TableProps & { isFinding: boolean }) {
  const t = useTranslations('risk')
  if (isFinding) return <LimitTable label={label} limits={limits} {...rest} />
  const others = limits.filter((limit) => !MAIN.has(limit.name))
  const summary = t('moreLimits', { count: others.length })
  return (
    <>
      <LimitTable label={label} limits={limits.filter((limit) => MAIN.has(limit.name))} {...rest} />
      {others.length === 0 ? null : (
        <details className="border-line border-t">
          <summary className="min-h-11 cursor-pointer px-4 py-3 text-accent">{summary}</summary>
          <LimitTable label={summary} limits={others} {...rest} />
        </details>
      )}
    </>
  )
}

function LimitTable({ label, limits, layer, setBy, figures, onEdit }: TableProps) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  return (
    <Table
      label={label}
      head={
        <>
          <Th>{t('limit')}</Th>
          <Th>{t('holds')}</Th>
          <Th>{t('act')}</Th>
          <Th>{t('use')}</Th>
          <Th>{t('boundBy')}</Th>
          <Th>{t('ownValue')}</Th>
        </>
      }
    >
      {limits.map((limit) => (
        <tr key={limit.name}>
          <th scope="row" className="min-w-40 border-line border-t py-1 pr-3 pl-4 text-left font-medium">
            {words.name(limit)}
            <span className="block font-normal text-ink3 text-meta">{t('rule', { rule: limit.rule })}</span>
          </th>
          <Td className="numeric min-w-32 whitespace-normal">
            {words.value(limit, limit.value, t('noLimit'))}
          </Td>
          <Td>
            <Button
              size="small"
              aria-label={t('editOf', { limit: words.name(limit) })}
              onClick={() => onEdit(limit)}
            >
              {t('edit')}
            </Button>
          </Td>
          <Td>
            <Use limit={limit} figures={figures} />
          </Td>
          <Td>{setBy(limit)}</Td>
          <Td className="numeric min-w-40 whitespace-normal">
            {words.value(limit, valueIn(layer?.limits, limit.name), t('notSet'))}
          </Td>
        </tr>
      ))}
    </Table>
  )
}

function Use({ limit, figures }: { limit: Limit; figures: Figures }) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  const use = useOf(limit, figures)
  const { value } = limit
  if (use === null || (typeof value !== 'string' && typeof value !== 'number')) {
    return <span className="text-ink3">{t('useUnknown')}</span>
  }
  const text = t(limit.tighter === 'higher' ? 'useAtLeast' : 'useOf', {
    use: words.amount(limit, roundUse(use)),
    value: `${words.amount(limit, value)} ${words.unit(limit)}`,
  })
  const percent = limit.tighter === 'lower' ? usedPercent(use, value) : null
  return (
    <span className="flex flex-col">
      <span className="numeric">{text}</span>
      {percent === null ? null : (
        <Meter
          label={t('useOfLabel', { limit: words.name(limit), text: `${percent} %` })}
          percent={percent}
          className="w-full max-w-40"
        />
      )}
    </span>
  )
}

/** Four decimals are enough to see how near a limit is. */
function roundUse(use: string): string {
  const [whole = '0', decimals] = use.split('.')
  return decimals ? `${whole}.${decimals.slice(0, 4)}` : whole
}
