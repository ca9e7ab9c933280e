/** The picture itself. The library comes in its own chunk, and everything it shows is also told in words beside it. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Candle, ChartAdapter, Curves, Format, Line, Mark } from './adapter.ts'
import { useTheme } from './theme.ts'

interface Shown {
  label: string
  candles: readonly Candle[]
  live: Candle | null
  curves: Curves
  lines: readonly Line[]
  marks: readonly Mark[]
  format: Format
  onRange: (from: number, to: number) => void
  onFail: () => void
}

export function ChartCanvas(shown: Shown) {
  const { label, candles, live, curves, lines, marks, format, onRange, onFail } = shown
  const place = useRef<HTMLDivElement>(null)
  const [adapter, setAdapter] = useState<ChartAdapter | null>(null)
  const theme = useTheme()
  // The values at the moment of opening; later ones reach the chart through the effects below.
  const first = useRef({ theme, format, onRange, onFail })
  first.current = { theme, format, onRange, onFail }

  useEffect(() => {
    let opened: ChartAdapter | null = null
    let isGone = false
    import('./adapter.ts')
      .then(({ openChart }) => {
        if (isGone || !place.current) return
        opened = openChart(place.current, first.current.theme, first.current.format)
        opened.onRange((from, to) => first.current.onRange(from, to))
        setAdapter(opened)
      })
      .catch(() => {
        if (!isGone) first.current.onFail()
      })
    return () => {
      isGone = true
      opened?.destroy()
      setAdapter(null)
    }
  }, [])

  const { locale, zone, decimals, isDaily, hasRoom } = format
  const steady = useMemo(
    () => ({ locale, zone, decimals, isDaily, hasRoom }),
    [locale, zone, decimals, isDaily, hasRoom],
  )
  useEffect(() => adapter?.setTheme(theme), [adapter, theme])
  useEffect(() => adapter?.setFormat(steady), [adapter, steady])
  useEffect(() => adapter?.setBars(candles), [adapter, candles])
  const newest = candles.at(-1)?.time ?? 0
  useEffect(() => {
    // A live bar of a moment ago may lie behind bars that came just now.
    if (live && live.time >= newest) adapter?.updateBar(live)
  }, [adapter, live, newest])
  useEffect(() => adapter?.setCurves(curves), [adapter, curves])
  useEffect(() => adapter?.setLines(lines), [adapter, lines])
  useEffect(() => adapter?.setMarks(marks), [adapter, marks])

  return <div ref={place} role="img" aria-label={label} className="h-72 w-full sm:h-96" />
}
