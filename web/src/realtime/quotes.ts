/** Newest price of each watched symbol, told to its readers at most ten times a second and on a painted frame. */
import type { components } from './messages.ts'

export type Quote = components['schemas']['LiveQuote'] & { heardAt: number }
type Listener = () => void

const FLUSH_EVERY = 100

export class QuoteStore {
  readonly #quotes = new Map<string, Quote>()
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #dirty = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | null = null

  put(quotes: readonly components['schemas']['LiveQuote'][]): void {
    const heardAt = Date.now()
    for (const quote of quotes) {
      this.#quotes.set(quote.symbol, { ...quote, heardAt })
      this.#dirty.add(quote.symbol)
    }
    // Each cell hears of its own symbol alone; a hidden tab keeps the newest and paints nothing.
    if (this.#timer === null)
      this.#timer = setTimeout(() => requestAnimationFrame(() => this.#flush()), FLUSH_EVERY)
  }

  get(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol)
  }

  subscribe(symbol: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(symbol) ?? new Set()
    this.#listeners.set(symbol, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(symbol)
    }
  }

  #flush(): void {
    this.#timer = null
    for (const symbol of this.#dirty) for (const listener of this.#listeners.get(symbol) ?? []) listener()
    this.#dirty.clear()
  }
}
