/** Gives the screens their socket: one per browser tab, started when somebody is signed in. */
import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { applyMessage, isLive } from './apply.ts'
import { type Quote, QuoteStore } from './quotes.ts'
import { type Link, POLL_AFTER, StreamClient } from './stream.ts'

interface Realtime {
  stream: StreamClient
  quotes: QuoteStore
  link: Link
}

const RealtimeContext = createContext<Realtime | null>(null)
const POLL_EVERY = 5_000

export function RealtimeProvider({ children, onEnd }: { children: ReactNode; onEnd: () => void }) {
  const client = useQueryClient()
  const quotes = useMemo(() => new QuoteStore(), [])
  const [link, setLink] = useState<Link | null>(null)
  const stream = useMemo(
    () =>
      new StreamClient({
        message: (message) => applyMessage(message, client, quotes),
        link: setLink,
      }),
    [client, quotes],
  )

  useEffect(() => {
    stream.start()
    return () => stream.stop()
  }, [stream])

  const ended = link?.state === 'ended'
  useEffect(() => {
    if (ended) onEnd()
  }, [ended, onEnd])

  const isPolling = (link?.attempt ?? 0) >= POLL_AFTER && link?.state !== 'offline'
  useEffect(() => {
    if (!isPolling) return
    const ask = () => void client.invalidateQueries({ predicate: ({ queryKey }) => isLive(queryKey) })
    const timer = setInterval(ask, POLL_EVERY)
    return () => clearInterval(timer)
  }, [isPolling, client])

  const value = useMemo(() => ({ stream, quotes, link: link ?? stream.link }), [stream, quotes, link])
  return <RealtimeContext value={value}>{children}</RealtimeContext>
}

export function useRealtime(): Realtime {
  const realtime = use(RealtimeContext)
  if (realtime === null) throw new Error('useRealtime outside of RealtimeProvider')
  return realtime
}

/** Returns the newest price of a symbol and keeps watching it while the component shows. */
export function useQuote(symbol: string): Quote | undefined {
  const { stream, quotes } = useRealtime()
  useEffect(() => stream.watch([symbol]), [stream, symbol])
  return useSyncExternalStore(
    (listener) => quotes.subscribe(symbol, listener),
    () => quotes.get(symbol),
  )
}

/** Watches many symbols at once; cells read them with `useQuote`. */
export function useWatch(symbols: readonly string[]): void {
  const { stream } = useRealtime()
  const key = [...symbols].sort().join(' ')
  useEffect(() => stream.watch(key ? key.split(' ') : []), [stream, key])
}
