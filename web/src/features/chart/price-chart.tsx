/** Prices of one symbol at the venue of one account, with the caller's own orders, position and fills. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { capabilitiesQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { STEPS, type Step } from './bars.ts'
import { ChartView } from './chart-view.tsx'
import { barsQuery } from './queries.ts'
import { useStudies } from './studies-fields.tsx'

const FAVOURITE: Step = '5m'
const ROWS = 12

export function PriceChart({ accountId, symbol }: { accountId: string; symbol: string }) {
  const t = useTranslations('chart')
  if (accountId === '' || symbol === '')
    return (
      <Panel title={t('title', { symbol })}>
        <Empty>{t('choose')}</Empty>
      </Panel>
    )
  // Another account or symbol is another chart: nothing of the former one may linger.
  return <Chart key={`${accountId} ${symbol}`} accountId={accountId} symbol={symbol} />
}

function Chart({ accountId, symbol }: { accountId: string; symbol: string }) {
  const t = useTranslations('chart')
  const venue = useQuery(capabilitiesQuery(accountId))
  // Where the venue does not tell what it has, asking will.
  const steps = venue.data?.bar_steps ?? (venue.isError ? STEPS : [])
  const [wanted, setWanted] = useState<Step>(FAVOURITE)
  const [asTable, setAsTable] = useState(false)
  const [hasFailed, setHasFailed] = useState(false)
  const [studies, setStudies] = useStudies()
  const step = steps.includes(wanted) ? wanted : (steps[0] ?? wanted)
  const bars = useQuery({ ...barsQuery(accountId, symbol, step), enabled: steps.length > 0 })
  const isTable = asTable || hasFailed

  if (venue.data && steps.length === 0)
    return (
      <Panel title={t('title', { symbol })}>
        <Empty>{t('noHistory')}</Empty>
      </Panel>
    )
  return (
    <Panel
      title={t('title', { symbol })}
      actions={
        hasFailed ? null : (
          <Button size="small" onClick={() => setAsTable(!asTable)}>
            {asTable ? t('showChart') : t('showTable')}
          </Button>
        )
      }
    >
      <StepSwitch steps={steps} step={step} choose={setWanted} />
      {hasFailed ? (
        <p role="alert" className="px-4 py-2 text-warn">
          {t('failed')}
        </p>
      ) : null}
      <QueryView query={bars} rows={ROWS}>
        {(items) =>
          items.length === 0 ? (
            <Empty
              action={
                step !== '1d' && steps.includes('1d') ? (
                  <Button onClick={() => setWanted('1d')}>{t('showDays')}</Button>
                ) : null
              }
            >
              {t('empty')}
            </Empty>
          ) : (
            <ChartView
              key={step}
              accountId={accountId}
              symbol={symbol}
              step={step}
              history={items}
              isTable={isTable}
              onFail={() => setHasFailed(true)}
              studies={studies}
              setStudies={setStudies}
            />
          )
        }
      </QueryView>
      <p className="border-line border-t px-4 py-1 text-meta">
        <a
          href="https://www.tradingview.com/"
          target="_blank"
          rel="noreferrer"
          className="inline-flex min-h-6 items-center text-accent underline"
        >
          {t('attribution')}
        </a>
      </p>
    </Panel>
  )
}

function StepSwitch({
  steps,
  step,
  choose,
}: {
  steps: readonly Step[]
  step: Step
  choose: (step: Step) => void
}) {
  const t = useTranslations('chart')
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms; these buttons act at once
    <div role="group" aria-label={t('step')} className="flex min-h-10 flex-wrap gap-1 px-4 py-2">
      {steps.map((one) => (
        <Button
          key={one}
          kind={one === step ? 'primary' : 'quiet'}
          size="small"
          aria-pressed={one === step}
          onClick={() => choose(one)}
          className="pointer-coarse:min-h-11"
        >
          {t(one)}
        </Button>
      ))}
    </div>
  )
}
