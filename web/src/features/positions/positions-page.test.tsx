import { act, screen, waitFor, within } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, FakeSocket, page, problem } from '@/test/server.ts'

const ACCOUNT = {
  account_id: 'a1',
  label: 'Paper one',
  currency: 'USD',
  is_paper: true,
  is_complete: true,
  trading_blocked: false,
  equity: '100000',
  cash: '90000',
  buying_power: '90000',
  day_pnl: '0',
  day_start_equity: '100000',
  unrealized_pnl: '0',
  realized_pnl: '0',
  market_value: '0',
  fees: '0',
  peak_equity: '100000',
  trading_day: '2026-11-27',
  balance_at: '2026-11-27T10:00:00Z',
}
const BTC = {
  account_id: 'a1',
  symbol: 'BTC/USD',
  asset_class: 'crypto',
  quantity: '0.5',
  average_price: '60000',
  multiplier: '1',
  price: '60010',
  price_age_ms: 100,
  market_value: '30005',
  unrealized_pnl: '5',
  realized_pnl: '12.25',
  fees: '1',
  opened_at: '2026-11-27T09:00:00Z',
  updated_at: '2026-11-27T10:00:00Z',
}
const AAPL = {
  ...BTC,
  symbol: 'AAPL',
  asset_class: 'stock',
  quantity: '-10',
  average_price: '200',
  price: '210',
  market_value: '-2100',
  unrealized_pnl: '-100',
}

function serve(items: readonly object[]): FakeServer {
  return new FakeServer({
    'GET /api/v1/portfolio': { accounts: [ACCOUNT], totals: [] },
    'GET /api/v1/positions': { items, market_value: '0', unrealized_pnl: '0', is_complete: true },
    'GET /api/v1/quotes': page([]),
  })
}

async function table(): Promise<HTMLElement> {
  await screen.findByRole('columnheader', { name: 'Symbol' })
  const scroller = screen.getByRole('group', { name: 'Open positions' })
  if (!scroller) throw new Error('no table')
  return scroller
}

test('totals add up long and short, and the exposure is text and bar', async () => {
  serve([BTC, AAPL])
  showScreen('/positions')
  const [totals] = await screen.findAllByRole('region', { name: 'Totals of open positions' })
  if (!totals) throw new Error('no totals')
  const row = (await within(totals).findByText('Paper one')).closest('tr') as HTMLElement
  expect(row).toHaveTextContent('27,905.00')
  expect(row).toHaveTextContent('−95.00')
  expect(within(row).getByText('32,105.00 USD, 32.1 % of equity')).toBeVisible()
  expect(within(row).getByRole('meter')).toHaveAttribute('value', '32.11')
  expect(within(totals).getByText('Total USD')).toBeVisible()
})

test('an unknown price leaves sums unknown, and says so', async () => {
  serve([BTC, { ...AAPL, price: null, price_age_ms: null, market_value: null, unrealized_pnl: null }])
  showScreen('/positions')
  expect(await screen.findByText(/sums that need it are not shown/)).toBeVisible()
  expect(screen.getByText('No price')).toBeVisible()
  expect(screen.getAllByText(/a price or the equity is missing/)[0]).toBeVisible()
})

test('a heading sorts, says how, and the address keeps it', async () => {
  serve([BTC, AAPL])
  const { user } = showScreen('/positions')
  await table()
  expect(screen.getByRole('columnheader', { name: 'Symbol' })).toHaveAttribute('aria-sort', 'ascending')
  await user.click(within(await table()).getByRole('button', { name: 'Value' }))
  await waitFor(() => expect(location.search).toBe('?sort=market_value'))
  await user.click(within(await table()).getByRole('button', { name: 'Value' }))
  await waitFor(() => expect(location.search).toBe('?sort=-market_value'))
  expect(within(await table()).getByRole('columnheader', { name: 'Value' })).toHaveAttribute(
    'aria-sort',
    'descending',
  )
})

test('live figures are shown, yet rows do not move under the focus', async () => {
  serve([BTC, AAPL])
  showScreen('/positions?sort=-unrealized_pnl')
  const scroller = await table()
  const order = () =>
    within(scroller)
      .getAllByRole('row')
      .slice(2)
      .map((row) => row.querySelector('th')?.textContent?.replace('Close', ''))
  expect(order()).toEqual(['BTC/USD', 'AAPL'])
  vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ['setInterval', 'clearInterval', 'Date'] })
  try {
    act(() => scroller.focus())
    FakeSocket.last?.hello()
    act(() =>
      FakeSocket.last?.say({
        type: 'live',
        data: {
          quotes: [
            {
              symbol: 'AAPL',
              bid: '189',
              ask: '191',
              last: '190.5',
              at: new Date().toISOString(),
              halted: false,
            },
          ],
          accounts: [
            {
              account_id: 'a1',
              equity: '100000',
              day_pnl: '0',
              unrealized_pnl: '105',
              market_value: '28105',
              is_complete: true,
              positions: [
                { symbol: 'AAPL', price: '190', unrealized_pnl: '100', market_value: '-1900' },
                { symbol: 'BTC/USD', price: '60010', unrealized_pnl: '5', market_value: '30005' },
              ],
            },
          ],
        },
      }),
    )
    expect((await within(scroller).findAllByText(/\+100\.00/))[0]).toBeVisible()
    expect(await within(scroller).findByText('190.5')).toBeVisible()
    expect(order()).toEqual(['BTC/USD', 'AAPL'])
    act(() => scroller.blur())
    await waitFor(() => expect(order()).toEqual(['AAPL', 'BTC/USD']), { timeout: 8_000 })
  } finally {
    vi.useRealTimers()
  }
})

test('a price that was not heard of for long says how old it is', async () => {
  serve([{ ...BTC, price_age_ms: 65_000 }])
  showScreen('/positions')
  expect(await screen.findByText('1 min ago')).toBeVisible()
})

test('outside of the session an old price is no fault', async () => {
  const server = serve([{ ...BTC, price_age_ms: 65_000 }])
  server.on({ 'GET /api/v1/quotes': page([{ symbol: 'BTC/USD', session_open: false }]) })
  showScreen('/positions')
  await table()
  await waitFor(() => expect(screen.queryByText('1 min ago')).toBeNull())
})

test('a long table draws the rows in view alone and says how many there are', async () => {
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(640)
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(32)
  serve(Array.from({ length: 300 }, (_, index) => ({ ...BTC, symbol: `S${String(index).padStart(3, '0')}` })))
  showScreen('/positions')
  const rows = within(await table())
  expect(await rows.findByText('S000')).toBeVisible()
  expect(rows.getByRole('table')).toHaveAttribute('aria-rowcount', '302')
  expect(rows.getByText('S000').closest('tr')).toHaveAttribute('aria-rowindex', '3')
  expect(rows.queryByText('S200')).toBeNull()
})

test('without positions one sentence and one action; a failure can be asked for again', async () => {
  const server = new FakeServer({
    'GET /api/v1/positions': () => problem(503, 'unavailable', 'No database.'),
  })
  const { user } = showScreen('/positions')
  expect(await screen.findByRole('alert')).toHaveTextContent('No database.')
  server.on({
    'GET /api/v1/positions': { items: [], market_value: '0', unrealized_pnl: '0', is_complete: true },
  })
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('No open positions.')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Look at signals' })).toBeVisible()
})
