import { screen, waitFor, within } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, FakeSocket, json, page, problem } from '@/test/server.ts'

const ORDER = {
  id: 'o1',
  account_id: 'a1',
  trace_id: 't1',
  plan_id: 'p1',
  source_id: 's1',
  parent_order_id: null,
  role: 'entry',
  origin: 'automatic',
  venue: 'sim',
  client_order_id: 'tradsy-o1',
  venue_order_id: 'v1',
  symbol: 'BTC/USD',
  side: 'buy',
  order_type: 'limit',
  quantity: '0.5',
  limit_price: '60000',
  stop_price: null,
  time_in_force: 'gtc',
  reduce_only: false,
  state: 'new',
  cumulative_quantity: '0',
  average_price: null,
  fees: '0',
  reason_code: '',
  reason: '',
  created_at: '2026-11-27T10:00:00Z',
  sent_at: '2026-11-27T10:00:00Z',
  accepted_at: '2026-11-27T10:00:01Z',
  finished_at: null,
  updated_at: '2026-11-27T10:00:01Z',
}
const FILL = {
  id: 'f1',
  account_id: 'a1',
  order_id: 'o1',
  trace_id: 't1',
  symbol: 'ETH/USD',
  side: 'sell',
  quantity: '2',
  price: '3000.25',
  fee: '1.5',
  kind: 'fill',
  executed_at: '2026-11-27T10:00:02Z',
  booked_at: '2026-11-27T10:00:03Z',
}
const VERDICT = {
  id: 'v1',
  account_id: 'a1',
  trace_id: 't9',
  plan_id: 'p9',
  order_id: null,
  outcome: 'refused',
  reasons: ['MAX_ORDER_NOTIONAL'],
  checks: [
    { rule: 'R-P1', code: 'KILLED', outcome: 'pass', numbers: {}, text: 'R-P1 pass, killed' },
    {
      rule: 'R-P7',
      code: 'MAX_ORDER_NOTIONAL',
      outcome: 'refuse',
      numbers: { limit: '5000', value: '30000', unit: 'USD' },
      text: 'R-P7 refuse, max order notional: 30000 against a limit of 5000 USD',
    },
  ],
  config_hash: 'abc',
  at: '2026-11-27T10:00:00Z',
}

test('an open order is canceled with one press, and only the event says that it is gone', async () => {
  const server = new FakeServer({
    'GET /api/v1/orders': page([ORDER]),
    'POST /api/v1/orders/o1/cancel': () => json({ order_id: 'o1', requested: true }, 202),
  })
  const { user } = showScreen('/orders')
  await user.click(await screen.findByRole('button', { name: 'Cancel Buy 0.5 BTC/USD' }))
  expect(await screen.findByText('Cancel requested')).toBeVisible()
  expect(screen.getByText('Open at the broker')).toBeVisible()
  const [request] = server.requests('POST', '/api/v1/orders/o1/cancel')
  expect(request?.body).toBeUndefined()
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
  FakeSocket.last?.hello()
  const { id: _, ...fields } = { ...ORDER, state: 'canceled', updated_at: '2026-11-27T10:00:05Z' }
  server.on({ 'GET /api/v1/orders': page([]) })
  FakeSocket.last?.say({
    type: 'event',
    data: { id: 'e1', name: 'orders.updated', payload: { order_id: 'o1', ...fields } },
  })
  expect(await screen.findByText('No orders here.')).toBeVisible()
})

test('a cancel that is refused says so and can be pressed again', async () => {
  new FakeServer({
    'GET /api/v1/orders': page([ORDER]),
    'POST /api/v1/orders/o1/cancel': () => problem(409, 'order_finished', 'The order is filled.'),
  })
  const { user } = showScreen('/orders')
  const button = await screen.findByRole('button', { name: 'Cancel Buy 0.5 BTC/USD' })
  await user.click(button)
  expect(await screen.findByRole('alert')).toHaveTextContent('The order is filled.')
  expect(screen.getByText('Nothing was changed.')).toBeVisible()
  expect(button).toBeEnabled()
})

test('what is not known is said in words', async () => {
  new FakeServer({
    'GET /api/v1/orders': page([
      { ...ORDER, id: 'o2', state: 'unknown' },
      { ...ORDER, id: 'o3', state: 'quarantined' },
    ]),
  })
  showScreen('/orders')
  expect(await screen.findByText('Sent, not confirmed: being looked up')).toBeVisible()
  expect(screen.getByText('Outcome not known: look at the broker')).toBeVisible()
})

test('filters live in the address and are sent to the server; more is shown on demand', async () => {
  const server = new FakeServer({
    'GET /api/v1/orders': ({ query }) =>
      query.get('cursor')
        ? page([{ ...ORDER, id: 'o2', state: 'filled', reason: 'older' }])
        : { items: [{ ...ORDER, state: 'rejected', reason: 'No money' }], next_cursor: 'n1' },
  })
  const { user } = showScreen('/orders?tab=all&account=a1')
  expect(await screen.findByText('Refused by the broker')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show more' }))
  expect(await screen.findByText('older')).toBeVisible()
  const asked = server.requests('GET', '/api/v1/orders').filter(({ query }) => query.has('account_id'))
  expect(asked.map(({ query }) => query.get('cursor'))).toEqual([null, 'n1'])
  await user.type(screen.getByLabelText('Symbol'), 'btc/usd{Enter}')
  await waitFor(() => expect(location.search).toContain('symbol=BTC'))
  await waitFor(() =>
    expect(server.requests('GET', '/api/v1/orders').at(-1)?.query.get('symbol')).toBe('BTC/USD'),
  )
  await user.click(screen.getByRole('button', { name: 'Clear filters' }))
  await waitFor(() => expect(location.search).toBe('?tab=all'))
})

test('a row opens to all fields, whose ids can be copied, and leads to its timeline', async () => {
  new FakeServer({ 'GET /api/v1/orders': page([ORDER]) })
  const { user } = showScreen('/orders')
  const opener = await screen.findByRole('button', { name: /Details of BTC\/USD/ })
  expect(opener).toHaveAttribute('aria-expanded', 'false')
  await user.click(opener)
  expect(screen.getByText('tradsy-o1')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Copy Order id' }))
  expect(await navigator.clipboard.readText()).toBe('o1')
  expect(await screen.findByText('Copied')).toBeVisible()
  expect(screen.getByRole('link', { name: /Timeline of BTC\/USD/ })).toHaveAttribute('href', '/app/traces/t1')
})

test('fills and refusals have their own tabs; only refused verdicts show', async () => {
  new FakeServer({
    'GET /api/v1/executions': page([FILL]),
    'GET /api/v1/verdicts': page([{ ...VERDICT, id: 'v0', outcome: 'approved', reasons: ['FINE'] }, VERDICT]),
  })
  const { user } = showScreen('/orders')
  await user.click(await screen.findByRole('link', { name: 'Fills' }))
  expect(await screen.findByText('3,000.25')).toBeVisible()
  await user.click(screen.getByRole('link', { name: 'Refused' }))
  expect(await screen.findByText('MAX_ORDER_NOTIONAL')).toBeVisible()
  expect(screen.getByText(/30000 against a limit of 5000 USD/)).toBeVisible()
  expect(screen.queryByText('FINE')).toBeNull()
  expect(screen.getByRole('link', { name: 'Refused' })).toHaveAttribute('aria-current', 'page')
})

test('what is shown is saved as CSV, with formulas defused', async () => {
  new FakeServer({ 'GET /api/v1/orders': page([{ ...ORDER, reason: '=1+1' }]) })
  let saved: Blob | null = null
  vi.stubGlobal(
    'URL',
    Object.assign(URL, {
      createObjectURL: (blob: Blob) => {
        saved = blob
        return 'blob:x'
      },
      revokeObjectURL: () => {},
    }),
  )
  const { user } = showScreen('/orders')
  await screen.findByText('Open at the broker')
  await user.click(screen.getByRole('button', { name: 'Export CSV' }))
  const text = await (saved as Blob | null)?.text()
  expect(text).toContain('Paper one,BTC/USD,buy,entry,limit,0.5,0,60000')
  expect(text).toContain(",'=1+1,o1,t1")
})

test('without orders one sentence and one action; a failed list can be asked for again', async () => {
  const server = new FakeServer()
  const { user } = showScreen('/orders')
  const panel = await screen.findByRole('region', { name: 'Open' })
  expect(await within(panel).findByText('No orders here.')).toBeVisible()
  expect(within(panel).getByRole('link', { name: 'Look at signals' })).toBeVisible()
  server.on({ 'GET /api/v1/executions': () => problem(503, 'unavailable', 'No database.') })
  await user.click(screen.getByRole('link', { name: 'Fills' }))
  const fills = await screen.findByRole('region', { name: 'Fills' })
  expect(await within(fills).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/executions': page([]) })
  await user.click(within(fills).getByRole('button', { name: 'Try again' }))
  expect(await within(fills).findByText('No fills yet.')).toBeVisible()
})
