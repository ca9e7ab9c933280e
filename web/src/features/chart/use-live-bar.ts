import { useEffect, useRef, useState } from 'react'
import type { Quote } from '@/realtime/quotes.ts'
import { addQuote, type Bar, type LiveBar, type Step } from './bars.ts'

const NOTHING: LiveBar = { bar: null, isFar: false }

/** Lets the last bar follow the live price until the venue's own one replaces it. */
export function useLiveBar(history: readonly Bar[], quote: Quote | undefined, step: Step): LiveBar {
  const last = history.at(-1)
  const ground = useRef<{ last: Bar | undefined; drawn: Bar | undefined }>({
    last: undefined,
    drawn: undefined,
  })
  const [live, setLive] = useState<LiveBar>(NOTHING)
  useEffect(() => {
    if (ground.current.last !== last) ground.current = { last, drawn: last }
    const { drawn } = ground.current
    if (!drawn || !quote) {
      setLive(NOTHING)
      return
    }
    const next = addQuote(drawn, quote, step)
    if (next.bar) ground.current.drawn = next.bar
    setLive(next)
  }, [last, quote, step])
  return live
}
