/** Draws with lightweight-charts. A chunk of its own: nothing else may import this file but through `import()`. */
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IPriceLine,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type SeriesMarker,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import type { StudyKind } from './studies.ts'
import type { Theme } from './theme.ts'

export interface Candle {
  /** Seconds. */
  time: number
  open: number
  high: number
  low: number
  close: number
  volume: number
}

export interface Line {
  price: number
  text: string
  kind: 'order' | 'position'
}

export interface Mark {
  time: number
  side: 'buy' | 'sell'
  text: string
}

export type Curves = Record<StudyKind, readonly { time: number; value: number }[]>

export interface Format {
  locale: string
  zone: string
  decimals: number
  /** Bars of whole days: the axis names days and no hours. */
  isDaily: boolean
  /** Whether words beside lines and arrows leave enough of the bars in view. */
  hasRoom: boolean
}

/** What the page asks of whatever draws its prices. */
export interface ChartAdapter {
  setBars(candles: readonly Candle[]): void
  updateBar(candle: Candle): void
  setCurves(curves: Curves): void
  setLines(lines: readonly Line[]): void
  setMarks(marks: readonly Mark[]): void
  setTheme(theme: Theme): void
  setFormat(format: Format): void
  /** Tells which bars are in view, by their places. */
  onRange(listener: (from: number, to: number) => void): void
  destroy(): void
}

/** Pixels kept free beside the newest bar, where the titles of lines stand. */
const WITH_TITLES = 150
const BARE = 24

const at = (seconds: number) => seconds as UTCTimestamp

export function openChart(place: HTMLElement, first: Theme, format: Format): ChartAdapter {
  let theme = first
  let lines: readonly Line[] = []
  let marks: readonly Mark[] = []
  let drawn: IPriceLine[] = []
  let last: { candle: Candle; line: IPriceLine } | null = null

  const chart = createChart(place, {
    autoSize: true,
    // The logo brings a style element along, which the policy of the page refuses: the page has a link instead.
    layout: { attributionLogo: false },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
    timeScale: {
      borderVisible: false,
      rightOffsetPixels: format.hasRoom ? WITH_TITLES : BARE,
      timeVisible: true,
    },
    // A finger that moves up or down scrolls the page.
    handleScroll: { vertTouchDrag: false },
  })
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  })
  chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } })
  // The series' own line of the last price takes the fill of the bar, and hollow ones have none.
  const candles = chart.addSeries(CandlestickSeries, {
    borderVisible: true,
    lastValueVisible: false,
    priceLineVisible: false,
  })
  const plain = { lineWidth: 2, lastValueVisible: false, priceLineVisible: false } as const
  const curves: Record<StudyKind, ISeriesApi<'Line'>> = {
    simple: chart.addSeries(LineSeries, { ...plain, crosshairMarkerVisible: false }),
    exponential: chart.addSeries(LineSeries, {
      ...plain,
      crosshairMarkerVisible: false,
      lineStyle: LineStyle.Dashed,
    }),
  }
  const markers = createSeriesMarkers(candles, [])

  function paint(): void {
    chart.applyOptions({
      layout: {
        background: { color: theme.surface },
        textColor: theme.text,
        fontFamily: getComputedStyle(document.documentElement).fontFamily,
        fontSize: 11,
      },
      grid: { vertLines: { color: theme.grid }, horzLines: { color: theme.grid } },
      crosshair: {
        vertLine: { color: theme.axis, labelBackgroundColor: theme.axis },
        horzLine: { color: theme.axis, labelBackgroundColor: theme.axis },
      },
    })
    candles.applyOptions({
      // Hollow up, filled down: the shape tells it without the colour.
      upColor: theme.surface,
      borderUpColor: theme.up,
      wickUpColor: theme.up,
      downColor: theme.down,
      borderDownColor: theme.down,
      wickDownColor: theme.down,
    })
    volume.applyOptions({ color: theme.grid })
    curves.simple.applyOptions({ color: theme.simple })
    curves.exponential.applyOptions({ color: theme.exponential })
  }

  function drawLast(candle: Candle | undefined): void {
    if (last) candles.removePriceLine(last.line)
    last = null
    if (!candle) return
    const color = candle.close >= candle.open ? theme.up : theme.down
    const line = candles.createPriceLine({
      price: candle.close,
      title: '',
      color,
      axisLabelColor: color,
      axisLabelTextColor: theme.surface,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      axisLabelVisible: true,
    })
    last = { candle, line }
  }

  function drawLines(): void {
    for (const line of drawn) candles.removePriceLine(line)
    drawn = lines.map(({ price, text, kind }) =>
      candles.createPriceLine({
        price,
        title: text,
        color: kind === 'order' ? theme.accent : theme.strong,
        axisLabelColor: kind === 'order' ? theme.accent : theme.strong,
        axisLabelTextColor: theme.surface,
        lineWidth: 1,
        lineStyle: kind === 'order' ? LineStyle.Solid : LineStyle.Dashed,
        axisLabelVisible: true,
      }),
    )
  }

  function drawMarks(): void {
    markers.setMarkers(
      marks.map(
        ({ time, side, text }): SeriesMarker<Time> => ({
          time: at(time),
          position: side === 'buy' ? 'belowBar' : 'aboveBar',
          shape: side === 'buy' ? 'arrowUp' : 'arrowDown',
          color: theme.strong,
          text,
        }),
      ),
    )
  }

  const adapter: ChartAdapter = {
    setBars(bars) {
      candles.setData(bars.map(({ volume: _, time, ...prices }) => ({ time: at(time), ...prices })))
      volume.setData(bars.map((bar) => ({ time: at(bar.time), value: bar.volume })))
      drawLast(bars.at(-1))
    },
    updateBar(candle) {
      const { volume: units, time, ...prices } = candle
      candles.update({ time: at(time), ...prices })
      volume.update({ time: at(time), value: units })
      drawLast(candle)
    },
    setCurves(next) {
      for (const kind of ['simple', 'exponential'] as const)
        curves[kind].setData(next[kind].map(({ time, value }) => ({ time: at(time), value })))
    },
    setLines(next) {
      lines = next
      drawLines()
    },
    setMarks(next) {
      marks = next
      drawMarks()
    },
    setTheme(next) {
      theme = next
      paint()
      drawLast(last?.candle)
      drawLines()
      drawMarks()
    },
    setFormat({ locale, zone, decimals, isDaily }) {
      const figures = new Intl.NumberFormat(locale, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      })
      const write = (options: Intl.DateTimeFormatOptions) => {
        // A bar of a day is a day of the venue, wherever the reader is.
        const text = new Intl.DateTimeFormat(locale, { timeZone: isDaily ? 'UTC' : zone, ...options })
        return (time: Time) => text.format(Number(time) * 1_000)
      }
      const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
      const day = { day: '2-digit', month: 'short' } as const
      const ticks = {
        [TickMarkType.Year]: write({ year: 'numeric' }),
        [TickMarkType.Month]: write({ month: 'short' }),
        [TickMarkType.DayOfMonth]: write(day),
        [TickMarkType.Time]: write(clock),
        [TickMarkType.TimeWithSeconds]: write(clock),
      }
      chart.applyOptions({
        localization: {
          locale,
          priceFormatter: (price: number) => figures.format(price).replace('-', '\u2212'),
          timeFormatter: write(isDaily ? { ...day, year: 'numeric' } : { ...day, ...clock }),
        },
        timeScale: { tickMarkFormatter: (time: Time, kind: TickMarkType) => ticks[kind](time) },
      })
      const priceFormat = { type: 'price', precision: decimals, minMove: 10 ** -decimals } as const
      candles.applyOptions({ priceFormat })
    },
    onRange(listener) {
      chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range && listener(range.from, range.to))
    },
    destroy: () => chart.remove(),
  }
  paint()
  adapter.setFormat(format)
  return adapter
}
