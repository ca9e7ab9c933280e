/** A server for tests: answers by `METHOD /path`, keeps every request, and speaks through a socket of its own. */
import { vi } from 'vitest'
import type { ServerMessage } from '@/realtime/messages.ts'

export interface Seen {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
  headers: Headers
}

type Body = object | readonly unknown[] | null
export type Answer = Body | ((request: Seen) => Body | Response | Promise<Body | Response>)

export class FakeSocket extends EventTarget {
  static last: FakeSocket | null = null
  readonly url: string
  readonly sent: { type: string; [key: string]: unknown }[] = []
  readyState = 1
  onmessage: ((event: MessageEvent<string>) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  #seq = 0

  constructor(url: string) {
    super()
    this.url = url
    FakeSocket.last = this
  }

  /** Delivers a frame with the next number of this connection. */
  say(message: { type: ServerMessage['type']; data: object; cursor?: number; seq?: number }): void {
    this.#seq += 1
    const frame = { seq: this.#seq, cursor: this.#seq, at: new Date().toISOString(), ...message }
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(frame) }))
  }

  hello(): void {
    this.say({ type: 'hello', data: { resumed: false, heartbeat_seconds: 2.5, session_id: 's1' } })
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(code = 1000): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.onclose?.({ code })
  }
}

export class FakeServer {
  readonly seen: Seen[] = []
  readonly #answers = new Map<string, Answer>()

  constructor(answers: Record<string, Answer> = {}) {
    this.on({ ...DEFAULTS, ...answers })
    vi.stubGlobal('fetch', (input: Request) => this.#answer(input))
    vi.stubGlobal('WebSocket', FakeSocket)
    FakeSocket.last = null
  }

  on(answers: Record<string, Answer>): this {
    for (const [name, answer] of Object.entries(answers)) this.#answers.set(name, answer)
    return this
  }

  /** Returns the requests of one kind, in their order. */
  requests(method: string, path: string): Seen[] {
    return this.seen.filter((request) => request.method === method && request.path === path)
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url, location.origin)
    const text = await request.clone().text()
    const seen: Seen = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body: text ? JSON.parse(text) : undefined,
      headers: request.headers,
    }
    this.seen.push(seen)
    const answer = this.#answers.get(`${seen.method} ${seen.path}`)
    if (answer === undefined) return problem(404, 'not_found', `No test answers ${seen.method} ${seen.path}`)
    const made = typeof answer === 'function' ? await answer(seen) : answer
    return made instanceof Response ? made : json(made)
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}

export function problem(
  status: number,
  code: string,
  detail = 'It is so.',
  title = 'It did not work',
): Response {
  const body = { type: 'about:blank', title, status, code, detail, errors: null, trace_id: 't-1' }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  })
}

export function page(items: readonly unknown[]): Body {
  return { items, next_cursor: null }
}

export const ME = {
  id: 'u1',
  email: 'ada@example.com',
  display_name: 'Ada',
  country: null,
  role: 'user',
  state: 'active',
  scopes: ['read', 'trade'],
  has_totp: false,
  is_demo: false,
  may_trade: true,
  stepped_up_until: null,
  created_at: '2026-01-02T03:04:05Z',
}

export const ACCOUNT = {
  id: 'a1',
  connection_id: 'c1',
  venue: 'sim',
  label: 'Paper one',
  currency: 'USD',
  is_paper: true,
  is_primary: true,
  is_demo: false,
  state: 'active',
  created_at: '2026-01-02T03:04:05Z',
}

const DEFAULTS: Record<string, Answer> = {
  'GET /api/v1/me': ME,
  'GET /api/v1/me/onboarding': {
    may_trade: true,
    experience: null,
    risk_tolerance: null,
    consents: [],
    current: {},
  },
  'POST /api/v1/realtime/tickets': { ticket: 'tst', expires_at: '2026-01-02T03:04:35Z' },
  'GET /api/v1/accounts': page([ACCOUNT]),
  'GET /api/v1/portfolio': { accounts: [], totals: [] },
  'GET /api/v1/positions': { items: [], market_value: '0', unrealized_pnl: '0', is_complete: true },
  'GET /api/v1/orders': page([]),
  'GET /api/v1/executions': page([]),
  'GET /api/v1/plans': page([]),
  'GET /api/v1/signals': page([]),
  'GET /api/v1/follows': page([]),
  'GET /api/v1/kills': [],
}
