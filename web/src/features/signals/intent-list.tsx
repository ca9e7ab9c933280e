/** Everything that was read from a message, name by name. */
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { DateTime, Figure } from '@/components/figures.tsx'
import type { Intent } from './queries.ts'
import { Fact, useWords } from './words.tsx'

export function IntentList({ intent }: { intent: Intent }) {
  const t = useTranslations('signals')
  const common = useTranslations('common')
  const { level, share } = useWords()
  const figure = (value: string | null | undefined): ReactNode => (value ? <Figure value={value} /> : null)
  const moment = (at: string | null | undefined): ReactNode => (at ? <DateTime at={at} /> : null)
  const flag = (value: boolean | undefined): ReactNode => (value ? common('yes') : null)
  const rows: [string, ReactNode][] = [
    [t('detail.action'), t(`sides.${intent.action}`)],
    [t('symbol'), intent.symbol],
    [t('detail.asset'), intent.asset_class ? t(`assets.${intent.asset_class}`) : null],
    [t('detail.type'), t(`orderTypes.${intent.order_type ?? 'market'}`)],
    [
      t('quantity'),
      intent.quantity ? (
        <>
          <Figure value={intent.quantity} /> {t(`quantityUnits.${intent.quantity_unit ?? 'units'}`)}
        </>
      ) : null,
    ],
    [t('detail.part'), intent.fraction ? share(intent.fraction) : null],
    [t('limit'), figure(intent.limit_price)],
    [t('detail.trigger'), figure(intent.stop_price)],
    [t('detail.trail'), intent.trail_percent ? `${intent.trail_percent} %` : figure(intent.trail_amount)],
    [t('stop'), intent.stop_loss ? level(intent.stop_loss) : null],
    [t('targets'), intent.take_profits?.length ? intent.take_profits.map(level).join('; ') : null],
    [t('detail.life'), t(`tif.${intent.time_in_force ?? 'day'}`)],
    [t('detail.seenPrice'), figure(intent.signal_price)],
    [t('detail.signalTime'), moment(intent.signal_at)],
    [t('detail.extended'), flag(intent.extended_hours)],
    [t('detail.opposite'), flag(intent.close_opposite)],
    [t('detail.cancelOpen'), flag(intent.cancel_open)],
  ]
  return (
    <dl className="grid grid-cols-2 gap-3 px-4 py-3">
      {rows.map(([name, value]) =>
        value === null || value === undefined ? null : (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ),
      )}
    </dl>
  )
}
