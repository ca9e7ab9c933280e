import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { ACCOUNT, FakeServer, page, problem } from '@/test/server.ts'

const CAPABILITIES = {
  venue: 'sim',
  asset_classes: ['crypto', 'stock'],
  order_types: ['market', 'limit'],
  time_in_force: ['day', 'gtc'],
  fractional: ['crypto'],
  short_selling: true,
  extended_hours: true,
  native_replace: true,
}
const INSTRUMENT = { symbol: 'ETH/USD', name: 'Ether', asset_class: 'crypto', is_open: true, tradable: true }
const CHECK = { rule: 'R-P7', code: 'MAX_ORDER_NOTIONAL', outcome: 'pass', numbers: {}, text: 'R-P7 pass' }
const PREVIEW = {
  outcome: 'approved',
  reasons: [],
  checks: [CHECK],
  symbol: 'ETH/USD',
  side: 'buy',
  order_type: 'limit',
  quantity: '0.5',
  limit_price: '2021.01',
  stop_price: null,
  time_in_force: 'gtc',
  reduce_only: false,
  exits: { stop: '1900', targets: ['2200'] },
  estimated_price: '2001',
  estimated_notional: '1000.5',
  currency: 'USD',
  buying_power: '100000',
  at: '2026-11-27T10:00:00Z',
}

function server(preview: object = PREVIEW) {
  return new FakeServer({
    'GET /api/v1/accounts/a1/capabilities': CAPABILITIES,
    'GET /api/v1/instruments': page([INSTRUMENT]),
    'POST /api/v1/orders/preview': preview,
    'POST /api/v1/orders': { signal_id: 's1', trace_id: 't1', duplicate: false },
  })
}

async function fillTicket(path = '/trade') {
  const shown = showScreen(path)
  await shown.user.type(await screen.findByLabelText('Symbol'), 'eth/usd')
  await shown.user.type(await screen.findByLabelText('Quantity'), '0.5')
  return shown
}

test('an order is previewed with its cost and checks, then placed once and followed', async () => {
  const answers = server()
  const { user } = await fillTicket()
  await user.click(screen.getByText('Protection (optional)'))
  await user.type(screen.getByLabelText('Stop loss'), '1900')
  await user.click(screen.getByRole('button', { name: 'Preview' }))
  const review = await screen.findByRole('dialog', { name: 'Buy 0.5 ETH/USD' })
  expect(within(review).getByText('Risk lets this pass.')).toBeVisible()
  expect(within(review).getByText('1,000.50')).toBeVisible()
  expect(within(review).getByText('Stop at 1900')).toBeVisible()
  expect(answers.requests('POST', '/api/v1/orders')).toHaveLength(0)
  await user.click(within(review).getByRole('button', { name: 'Buy 0.5 ETH/USD' }))
  expect(await within(review).findByRole('status')).toHaveTextContent('on its way')
  const [sent] = answers.requests('POST', '/api/v1/orders')
  expect(sent?.body).toMatchObject({
    account_id: 'a1',
    symbol: 'ETH/USD',
    side: 'buy',
    position_effect: 'open',
    type: 'market',
    quantity: '0.5',
    notional: null,
    limit_price: null,
    stop_loss: '1900',
    take_profit: null,
    time_in_force: 'gtc',
    confirmation: null,
  })
  expect(sent?.headers.get('idempotency-key')).toBeTruthy()
  expect(within(review).getByRole('link', { name: 'Open the timeline' })).toHaveAttribute(
    'href',
    '/app/traces/t1',
  )
})

test('what risk refuses cannot be sent, and the reason stands first', async () => {
  const text = 'R-P1 refuse, killed'
  server({
    ...PREVIEW,
    outcome: 'refused',
    reasons: ['KILLED'],
    checks: [{ ...CHECK, outcome: 'refuse', text }],
  })
  const { user } = await fillTicket()
  await user.click(screen.getByRole('button', { name: 'Preview' }))
  const review = await screen.findByRole('dialog')
  expect(within(review).getAllByText(text)[0]).toBeVisible()
  expect(within(review).queryByRole('button', { name: /^Buy/ })).toBeNull()
})

test('a soft limit passes only with symbol and reason typed, and both are sent', async () => {
  const answers = server({ ...PREVIEW, outcome: 'confirm', reasons: ['MAX_ORDER_NOTIONAL'] })
  const { user } = await fillTicket()
  await user.click(screen.getByRole('button', { name: 'Preview' }))
  const review = await screen.findByRole('dialog')
  const send = within(review).getByRole('button', { name: 'Buy 0.5 ETH/USD' })
  expect(send).toBeDisabled()
  await user.type(within(review).getByLabelText('Type the symbol'), 'ETH/USD')
  await user.type(within(review).getByLabelText('Reason'), 'I mean it')
  await user.click(send)
  await waitFor(() => expect(answers.requests('POST', '/api/v1/orders')).toHaveLength(1))
  expect(answers.requests('POST', '/api/v1/orders')[0]?.body).toMatchObject({
    confirmation: { symbol: 'ETH/USD', notional: '1000.5', reason: 'I mean it' },
  })
})

test('a ticket offers what the account can do and nothing else', async () => {
  server()
  showScreen('/trade')
  const types = await screen.findByLabelText('Order type')
  expect(
    within(types)
      .getAllByRole('option')
      .map((option) => option.textContent),
  ).toEqual(['Market', 'Limit'])
})

test('a link to close a position fills the ticket in, and an empty quantity takes all', async () => {
  const answers = server({ ...PREVIEW, side: 'sell', exits: null })
  const { user } = showScreen('/trade?symbol=ETH%2FUSD&side=sell&effect=close&account=a1')
  await screen.findByLabelText('Order type')
  await user.click(await screen.findByRole('button', { name: 'Preview' }))
  await screen.findByRole('dialog')
  expect(answers.requests('POST', '/api/v1/orders/preview')[0]?.body).toMatchObject({
    side: 'sell',
    position_effect: 'close',
    quantity: null,
  })
})

test('a preview that fails keeps what was typed, and without an account there is a way to one', async () => {
  const answers = server()
  answers.on({
    'POST /api/v1/orders/preview': () => problem(503, 'account_not_open', 'Try again in a moment.'),
  })
  const { user, unmount } = await fillTicket()
  await user.click(screen.getByRole('button', { name: 'Preview' }))
  expect(await screen.findByText('Try again in a moment.')).toBeVisible()
  expect(screen.getByLabelText('Quantity')).toHaveValue('0.5')
  unmount()
  answers.on({ 'GET /api/v1/accounts': page([{ ...ACCOUNT, state: 'closed' }]) })
  showScreen('/trade')
  expect(await screen.findByRole('link', { name: 'Open a paper account' })).toBeVisible()
})
