/** One step's bars with everything around them: summary, picture or table, legend, studies. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { Change, DateTime, Figure } from '@/components/figures.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatChange, formatNumber } from '@/lib/numbers.ts'
import { formatDateTime } from '@/lib/time.ts'
import { useQuote } from '@/realtime/provider.tsx'
import { type Bar, decimalsOf, type Step, type Summary, summarize, withLive } from './bars.ts'
import { BarsTable } from './bars-table.tsx'
import { ChartCanvas } from './chart-canvas.tsx'
import { toCandle, toCurves } from './drawing.ts'
import { FarNote, FeedMark } from './feed-mark.tsx'
import { Legend } from './legend.tsx'
import { instrumentQuery } from './queries.ts'
import { type Choices, periodsOf, StudiesFields } from './studies-fields.tsx'
import { useLiveBar } from './use-live-bar.ts'
import { useOverlays } from './use-overlays.ts'

const SETTLED = 250
const ROOM_FOR_TEXT = '(min-width: 640px)'
const MOST_DECIMALS = 8
const NO_STUDIES = { simple: null, exponential: null }

interface Shown {
  accountId: string
  symbol: string
  step: Step
  history: readonly Bar[]
  isTable: boolean
  onFail: () => void
  studies: Choices
  setStudies: (choices: Choices) => void
}

export function ChartView(shown: Shown) {
  const { accountId, symbol, step, history, isTable, onFail, studies, setStudies } = shown
  const t = useTranslations('chart')
  const locale = useLocale()
  const quote = useQuote(symbol)
  const instrument = useQuery(instrumentQuery(symbol))
  const live = useLiveBar(history, quote, step)
  const { inView, onRange } = useRange()
  const decimals = decimalsOf(instrument.data?.tick_size)
  // On a narrow screen words would cover the bars: lines and arrows stay, the legend names them.
  const [hasRoom] = useState(() => globalThis.matchMedia?.(ROOM_FOR_TEXT).matches ?? true)

  const candles = useMemo(() => history.map(toCandle), [history])
  const liveCandle = useMemo(() => (live.bar ? toCandle(live.bar) : null), [live.bar])
  const bars = useMemo(() => withLive(history, live.bar), [history, live.bar])
  const periods = useMemo(() => periodsOf(studies), [studies])
  const curves = useMemo(() => toCurves(bars.map(toCandle), periods), [bars, periods])
  const overlays = useOverlays(accountId, symbol, step, candles, decimals, hasRoom)
  const summary = useMemo(
    () => summarize(inView && !isTable ? bars.slice(inView.from, inView.to + 1) : bars) ?? summarize(bars),
    [bars, inView, isTable],
  )
  if (!summary) return null

  const label = t('image', {
    symbol,
    step: t(step),
    from: formatDateTime(summary.from, ZONE, locale),
    to: formatDateTime(summary.to, ZONE, locale),
    last: formatNumber(summary.last, decimals, locale),
    change: formatChange(summary.change, decimals, locale),
    percent: formatChange(summary.changePercent, 2, locale),
    high: formatNumber(summary.high, decimals, locale),
    low: formatNumber(summary.low, decimals, locale),
  })
  return (
    <>
      <SummaryLine summary={summary} decimals={decimals}>
        <FeedMark quote={quote} isOpen={instrument.data?.is_open ?? null} />
      </SummaryLine>
      {live.isFar && quote ? <FarNote price={quote.last} decimals={decimals} /> : null}
      {overlays.isIncomplete ? (
        <p role="alert" className="px-4 py-2 text-meta text-warn">
          {t('linesFailed')}
        </p>
      ) : null}
      {isTable ? (
        <BarsTable symbol={symbol} bars={bars} decimals={decimals} />
      ) : (
        <div className="px-2">
          <ChartCanvas
            label={label}
            candles={candles}
            live={liveCandle}
            curves={curves}
            lines={overlays.lines}
            marks={overlays.marks}
            format={{
              locale,
              zone: ZONE,
              decimals: decimals ?? ownDecimals(history),
              isDaily: step === '1d',
              hasRoom,
            }}
            onRange={onRange}
            onFail={onFail}
          />
          <p className="px-2 pb-2 text-axis text-ink3">
            {step === '1d' ? t('days') : t('zone', { zone: ZONE })}
          </p>
        </div>
      )}
      <Legend lines={overlays.lines} periods={isTable ? NO_STUDIES : periods} fills={overlays.marks.length} />
      {isTable ? null : <StudiesFields choices={studies} choose={setStudies} />}
    </>
  )
}

function SummaryLine({
  summary,
  decimals,
  children,
}: {
  summary: Summary
  decimals: number | undefined
  children: React.ReactNode
}) {
  const t = useTranslations('chart')
  const places = decimals === undefined ? {} : { decimals }
  return (
    <div className="flex flex-wrap items-end gap-x-6 gap-y-2 px-4 pb-2">
      <dl className="flex flex-wrap gap-x-6 gap-y-2">
        <Stat name={t('last')}>
          <Figure value={summary.last} {...places} className="font-semibold" />
        </Stat>
        <Stat name={t('change')}>
          <Change value={summary.change} {...places} /> (
          <Change value={summary.changePercent} decimals={2} suffix=" %" />)
        </Stat>
        <Stat name={t('high')}>
          <Figure value={summary.high} {...places} />
        </Stat>
        <Stat name={t('low')}>
          <Figure value={summary.low} {...places} />
        </Stat>
      </dl>
      {children}
      <p className="w-full text-ink3 text-meta">
        <DateTime at={summary.from} /> {'\u2013'} <DateTime at={summary.to} />
      </p>
    </div>
  )
}

function Stat({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-ink3 text-meta">{name}</dt>
      <dd className="text-figure">{children}</dd>
    </div>
  )
}

/** Which bars are in view, told once the picture has come to rest. */
function useRange() {
  const [inView, setInView] = useState<{ from: number; to: number } | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const onRange = useCallback((from: number, to: number) => {
    clearTimeout(timer.current)
    const next = { from: Math.max(0, Math.ceil(from)), to: Math.max(0, Math.floor(to)) }
    timer.current = setTimeout(() => setInView(next), SETTLED)
  }, [])
  return { inView, onRange }
}

/** Returns the most places that a price of the bars has, where the instrument does not tell. */
function ownDecimals(bars: readonly Bar[]): number {
  const places = bars.map(({ close }) => decimalsOf(close) ?? 0)
  return Math.min(MOST_DECIMALS, Math.max(0, ...places))
}
