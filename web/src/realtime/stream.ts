/** The one socket of this browser: tickets, sequence, resume, liveness, reconnect. Knows nothing of React. */
import { ApiError, api, unwrap } from '@/api/client.ts'
import type { ClientMessage, ServerMessage } from './messages.ts'

export type LinkState = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'offline' | 'ended'

export interface Link {
  state: LinkState
  /** Milliseconds of the last ping's way there and back. */
  roundTrip: number | null
  /** When the last frame came, by this browser's clock. */
  heardAt: number | null
  attempt: number
  /** When the next try begins. */
  retryAt: number | null
}

export interface StreamEvents {
  message(message: ServerMessage): void
  link(link: Link): void
}

const STALE_AFTER = 7_000
const DROP_AFTER = 20_000
const FIRST_PAUSE = 500
const LAST_PAUSE = 15_000
const PING_EVERY = 10_000
const SESSION_ENDED = 4401
/** After so many failures the screens ask the server every few seconds instead. */
export const POLL_AFTER = 3

export class StreamClient {
  readonly #events: StreamEvents
  readonly #open: (url: string) => WebSocket
  #socket: WebSocket | null = null
  #cursor: number | null = null
  #seq = 0
  #wanted = false
  #pingedAt: number | null = null
  #timers = new Set<ReturnType<typeof setTimeout>>()
  #watch: ReturnType<typeof setInterval> | null = null
  #symbols = new Map<string, number>()
  #link: Link = { state: 'connecting', roundTrip: null, heardAt: null, attempt: 0, retryAt: null }

  constructor(events: StreamEvents, open: (url: string) => WebSocket = (url) => new WebSocket(url)) {
    this.#events = events
    this.#open = open
  }

  get link(): Link {
    return this.#link
  }

  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#watch = setInterval(() => this.#look(), 1_000)
    addEventListener('online', this.#retryNow)
    document.addEventListener('visibilitychange', this.#retryNow)
    void this.#connect()
  }

  stop(): void {
    this.#wanted = false
    removeEventListener('online', this.#retryNow)
    document.removeEventListener('visibilitychange', this.#retryNow)
    if (this.#watch !== null) clearInterval(this.#watch)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#socket?.close(1000)
    this.#socket = null
  }

  /** Asks for prices of `symbols` until the returned function is called; several may ask for the same. */
  watch(symbols: readonly string[]): () => void {
    for (const symbol of symbols) this.#symbols.set(symbol, (this.#symbols.get(symbol) ?? 0) + 1)
    this.#sendWatch()
    let left = false
    return () => {
      if (left) return
      left = true
      for (const symbol of symbols) {
        const count = (this.#symbols.get(symbol) ?? 1) - 1
        if (count > 0) this.#symbols.set(symbol, count)
        else this.#symbols.delete(symbol)
      }
      this.#sendWatch()
    }
  }

  async #connect(): Promise<void> {
    if (!this.#wanted || this.#socket !== null) return
    this.#set({ state: this.#link.attempt ? 'reconnecting' : 'connecting', retryAt: null })
    let ticket: string
    try {
      ticket = (await unwrap(api.POST('/api/v1/realtime/tickets', { body: undefined as never }))).ticket
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#end()
      else this.#again()
      return
    }
    if (!this.#wanted) return
    const query = new URLSearchParams({ ticket })
    if (this.#cursor !== null) query.set('cursor', String(this.#cursor))
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = this.#open(`${scheme}://${location.host}/ws?${query}`)
    this.#socket = socket
    this.#seq = 0
    socket.onmessage = (event: MessageEvent<string>) => this.#receive(socket, event.data)
    socket.onclose = (event) => this.#closed(socket, event.code)
  }

  #receive(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return
    const message = JSON.parse(data) as ServerMessage
    if (message.seq !== this.#seq + 1) {
      // A frame is missing on a connection that loses none: begin anew from the last one that came.
      socket.close(4000)
      return
    }
    this.#seq = message.seq
    const roundTrip =
      message.type === 'heartbeat' && this.#pingedAt !== null ? performance.now() - this.#pingedAt : null
    if (roundTrip !== null) this.#pingedAt = null
    if (message.type === 'hello') {
      this.#sendWatch()
      this.#ping()
    }
    this.#events.message(message)
    this.#cursor = message.cursor
    this.#set({
      state: 'live',
      heardAt: Date.now(),
      attempt: 0,
      retryAt: null,
      roundTrip: roundTrip ?? this.#link.roundTrip,
    })
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return
    this.#socket = null
    if (code === SESSION_ENDED) this.#end()
    else this.#again()
  }

  #again(): void {
    if (!this.#wanted) return
    const attempt = this.#link.attempt + 1
    const ceiling = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 10))
    const pause = Math.random() * ceiling
    const state = navigator.onLine ? 'reconnecting' : 'offline'
    this.#set({ state, attempt, retryAt: Date.now() + pause, roundTrip: null })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#connect()
    }, pause)
    this.#timers.add(timer)
  }

  #end(): void {
    this.#set({ state: 'ended', retryAt: null })
    this.stop()
  }

  readonly #retryNow = (): void => {
    if (document.visibilityState === 'hidden' || this.#socket !== null || !this.#wanted) return
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    void this.#connect()
  }

  #look(): void {
    const { heardAt, state } = this.#link
    if (this.#socket === null || heardAt === null) return
    const silence = Date.now() - heardAt
    if (silence > DROP_AFTER) {
      const dead = this.#socket
      this.#socket = null
      dead.close()
      this.#again()
    } else if (silence > STALE_AFTER && state === 'live') {
      this.#set({ state: 'stale' })
    } else if (this.#pingedAt === null || performance.now() - this.#pingedAt > PING_EVERY) {
      if (this.#lastPing + PING_EVERY < Date.now()) this.#ping()
    }
  }

  #lastPing = 0

  #ping(): void {
    this.#lastPing = Date.now()
    this.#pingedAt = performance.now()
    this.#send({ type: 'ping' })
  }

  /** Tells the server once for all cells that appear or go in one turn. */
  #sendWatch(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#isTelling = false
      this.#send({ type: 'watch', symbols: [...this.#symbols.keys()].slice(0, 200) })
    })
  }

  #isTelling = false

  #send(message: ClientMessage): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message))
  }

  #set(change: Partial<Link>): void {
    const next = { ...this.#link, ...change }
    this.#link = next
    this.#events.link(next)
  }
}
