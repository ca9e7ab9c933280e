import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, FakeSocket, page, problem } from '@/test/server.ts'

const ACCOUNT = {
  account_id: 'a1',
  label: 'Paper one',
  currency: 'USD',
  is_paper: true,
  is_complete: true,
  trading_blocked: false,
  equity: '100250.5',
  cash: '90000',
  buying_power: '90000',
  day_pnl: '-12.5',
  day_start_equity: '100263',
  unrealized_pnl: '3.25',
  realized_pnl: '0',
  market_value: '10250.5',
  fees: '0',
  peak_equity: '100263',
  trading_day: '2026-11-27',
  balance_at: '2026-11-27T10:00:00Z',
}
const POSITION = {
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
  realized_pnl: '0',
  fees: '0',
  opened_at: null,
  updated_at: '2026-11-27T10:00:00Z',
}

test('home shows money with its signs, and live figures replace them', async () => {
  new FakeServer({
    'GET /api/v1/portfolio': { accounts: [ACCOUNT], totals: [] },
    'GET /api/v1/positions': {
      items: [POSITION],
      market_value: '30005',
      unrealized_pnl: '5',
      is_complete: true,
    },
  })
  showScreen('/')
  const equity = await screen.findByRole('region', { name: 'Equity' })
  expect(await within(equity).findByText(/100,250\.50/)).toBeVisible()
  expect(within(equity).getByText(/−12\.50/)).toHaveAttribute('data-direction', 'down')
  await waitFor(() => expect(FakeSocket.last).not.toBeNull())
  FakeSocket.last?.hello()
  FakeSocket.last?.say({
    type: 'live',
    data: {
      quotes: [],
      accounts: [
        {
          account_id: 'a1',
          equity: '100300',
          day_pnl: '37',
          unrealized_pnl: '52.75',
          market_value: '10300',
          is_complete: true,
          positions: [
            {
              symbol: 'BTC/USD',
              price: '60110',
              unrealized_pnl: '55',
              market_value: '30055',
              priced_at: new Date().toISOString(),
            },
          ],
        },
      ],
    },
  })
  expect(await within(equity).findByText(/100,300\.00/)).toBeVisible()
  expect(within(equity).getByText(/\+37\.00/)).toHaveAttribute('data-direction', 'up')
  expect(await screen.findByText('60,110')).toBeVisible()
})

test('an old price is marked with its age and not taken for the present one', async () => {
  new FakeServer({
    'GET /api/v1/positions': {
      items: [{ ...POSITION, price_age_ms: 65_000 }],
      market_value: '30005',
      unrealized_pnl: '5',
      is_complete: true,
    },
  })
  showScreen('/')
  expect(await screen.findByText('1 min ago')).toBeVisible()
})

test('a panel that could not be read says so and tries again', async () => {
  const server = new FakeServer({
    'GET /api/v1/executions': () => problem(503, 'unavailable', 'No database.'),
  })
  const { user } = showScreen('/')
  const fills = await screen.findByRole('region', { name: 'Last fills' })
  expect(await within(fills).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/executions': page([]) })
  await user.click(within(fills).getByRole('button', { name: 'Try again' }))
  expect(await within(fills).findByText('No fills yet.')).toBeVisible()
})

test('a newcomer is led to what is missing', async () => {
  new FakeServer({
    'GET /api/v1/me/onboarding': {
      may_trade: false,
      experience: null,
      risk_tolerance: null,
      consents: [],
      current: {},
    },
    'GET /api/v1/accounts': page([]),
  })
  showScreen('/')
  const steps = await screen.findByRole('region', { name: 'First steps' })
  expect(within(steps).getAllByRole('link', { name: 'Go there' })).toHaveLength(3)
})
