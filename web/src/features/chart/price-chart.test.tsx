import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { LanguageProvider } from '@/i18n/index.tsx'
import { texts } from '@/i18n/texts.ts'
import { RealtimeProvider } from '@/realtime/provider.tsx'
import { type Answer, FakeServer, FakeSocket, page, problem } from '@/test/server.ts'
import { PriceChart } from './price-chart.tsx'

const drawn = vi.hoisted(() => {
  const series = () => ({
    setData: vi.fn(),
    update: vi.fn(),
    applyOptions: vi.fn(),
    createPriceLine: vi.fn((line: object) => line),
    removePriceLine: vi.fn(),
  })
  const state = {
    volume: series(),
    candles: series(),
    simple: series(),
    exponential: series(),
    markers: { setMarkers: vi.fn() },
    remove: vi.fn(),
    options: vi.fn(),
    chartOptions: vi.fn(),
    range: null as ((range: { from: number; to: number }) => void) | null,
    breaks: false,
    fresh() {
      for (const name of ['volume', 'candles', 'simple', 'exponential'] as const) state[name] = series()
      state.markers = { setMarkers: vi.fn() }
      state.remove = vi.fn()
      state.options = vi.fn()
      state.chartOptions = vi.fn()
      state.breaks = false
    },
  }
  return state
})

vi.mock('lightweight-charts', () => ({
  CandlestickSeries: 'candles',
  HistogramSeries: 'volume',
  LineSeries: 'line',
  LineStyle: { Solid: 0, Dotted: 1, Dashed: 2 },
  TickMarkType: { Year: 0, Month: 1, DayOfMonth: 2, Time: 3, TimeWithSeconds: 4 },
  createSeriesMarkers: () => drawn.markers,
  createChart: (_: HTMLElement, options: object) => {
    if (drawn.breaks) throw new Error('no canvas here')
    drawn.options(options)
    const lines = [drawn.simple, drawn.exponential]
    return {
      addSeries: (kind: string) =>
        kind === 'candles' ? drawn.candles : kind === 'volume' ? drawn.volume : lines.shift(),
      priceScale: () => ({ applyOptions: vi.fn() }),
      timeScale: () => ({
        subscribeVisibleLogicalRangeChange: (listener: (range: { from: number; to: number }) => void) => {
          drawn.range = listener
        },
      }),
      applyOptions: drawn.chartOptions,
      remove: drawn.remove,
    }
  },
}))

const STEP = 300_000
const RUNNING = Math.floor(Date.now() / STEP) * STEP
const at = (back: number) => new Date(RUNNING - back * STEP).toISOString()
const BARS = [
  { at: at(2), open: '100', high: '104', low: '98', close: '102', volume: '10' },
  { at: at(1), open: '102', high: '103', low: '101', close: '101.5', volume: '12' },
  { at: at(0), open: '101.5', high: '102', low: '101', close: '101.25', volume: '3' },
]
const ORDER = {
  id: 'o1',
  account_id: 'a1',
  symbol: 'ETH/USD',
  side: 'buy',
  order_type: 'stop_limit',
  quantity: '0.5',
  limit_price: '99.5',
  stop_price: '99',
  state: 'new',
}
const FILL = {
  id: 'e1',
  account_id: 'a1',
  symbol: 'ETH/USD',
  side: 'sell',
  quantity: '0.25',
  price: '102',
  kind: 'fill',
  executed_at: new Date(RUNNING - STEP + 1_000).toISOString(),
}
const SERVER: Record<string, Answer> = {
  'GET /api/v1/accounts/a1/capabilities': { venue: 'sim', bar_steps: ['1m', '5m', '1d'] },
  'GET /api/v1/instruments/ETH%2FUSD': { symbol: 'ETH/USD', tick_size: '0.01', is_open: null },
  'GET /api/v1/bars': { symbol: 'ETH/USD', step: '5m', items: BARS },
}

beforeEach(async () => {
  drawn.fresh()
  await texts.ensure('chart')
})

function show(answers: Record<string, Answer> = {}) {
  const server = new FakeServer({ ...SERVER, ...answers })
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const view = render(
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <RealtimeProvider onEnd={() => {}}>
          <PriceChart accountId="a1" symbol="ETH/USD" />
        </RealtimeProvider>
      </LanguageProvider>
    </QueryClientProvider>,
  )
  return { ...view, server, user: userEvent.setup() }
}

async function say(last: string, more: object = {}) {
  await waitFor(() => expect(FakeSocket.last).not.toBeNull())
  await act(async () => {
    FakeSocket.last?.hello()
    const quote = { symbol: 'ETH/USD', bid: last, ask: last, last, halted: false, ...more }
    FakeSocket.last?.say({
      type: 'live',
      data: { quotes: [{ at: new Date().toISOString(), ...quote }], accounts: [] },
    })
  })
}

test('bars of the venue are drawn and told in words', async () => {
  const { server } = show()
  const image = await screen.findByRole('img')
  expect(image).toHaveAccessibleName(/ETH\/USD, bars of 5 minutes/)
  await waitFor(() =>
    expect(image).toHaveAccessibleName(
      /Last 101\.25, change \+1\.25 \(\+1\.25 %\), high 104\.00, low 98\.00\.$/,
    ),
  )
  await waitFor(() => expect(drawn.candles.setData).toHaveBeenCalled())
  const [candles] = drawn.candles.setData.mock.lastCall ?? []
  expect(candles[0]).toEqual({
    time: (RUNNING - 2 * STEP) / 1_000,
    open: 100,
    high: 104,
    low: 98,
    close: 102,
  })
  const [volumes] = drawn.volume.setData.mock.lastCall ?? []
  expect(volumes.map((v: { value: number }) => v.value)).toEqual([10, 12, 3])
  const [request] = server.requests('GET', '/api/v1/bars')
  expect(Object.fromEntries(request?.query ?? [])).toMatchObject({
    account_id: 'a1',
    symbol: 'ETH/USD',
    step: '5m',
  })
  // The library's own logo would break the page's policy; the link is what its licence asks for.
  expect(drawn.options.mock.lastCall?.[0]).toMatchObject({ layout: { attributionLogo: false } })
  expect(screen.getByRole('link', { name: 'Charts by TradingView' })).toHaveAttribute(
    'href',
    'https://www.tradingview.com/',
  )
})

test('the summary is that of the bars in view', async () => {
  show()
  await waitFor(() => expect(drawn.candles.setData).toHaveBeenCalled())
  act(() => drawn.range?.({ from: 0.7, to: 5 }))
  await waitFor(() => expect(screen.getByRole('img')).toHaveAccessibleName(/high 103\.00, low 101\.00\.$/))
})

test('the running bar follows the live price', async () => {
  show()
  await screen.findByRole('img')
  await say('102.75')
  await waitFor(() => expect(drawn.candles.update).toHaveBeenCalled())
  const [candle] = drawn.candles.update.mock.lastCall ?? []
  expect(candle.close).toBe(102.75)
  expect(await screen.findByText('102.75')).toBeVisible()
  expect(await screen.findByText('Live')).toBeVisible()
})

test('a live price far from the last bar is said and not drawn', async () => {
  show()
  await screen.findByRole('img')
  await say('150')
  expect(await screen.findByText(/live price 150\.00 is more than 20 % away/)).toBeVisible()
  expect(drawn.candles.update).not.toHaveBeenCalled()
})

test('an old price, a halt and a broken link are marked in words', async () => {
  show()
  expect(await screen.findByText('Live data is interrupted')).toBeVisible()
  await say('101', { at: new Date(Date.now() - 65_000).toISOString() })
  expect(await screen.findByText(/Price is 1 min old/)).toBeVisible()
  await say('101', { halted: true })
  expect(await screen.findByText('Trading halted')).toBeVisible()
})

test('open orders, the position and fills are lines and arrows, and words', async () => {
  show({
    'GET /api/v1/orders': page([
      ORDER,
      { ...ORDER, id: 'o2', symbol: 'BTC/USD' },
      { ...ORDER, id: 'o3', account_id: 'a2' },
    ]),
    'GET /api/v1/positions': {
      items: [{ account_id: 'a1', symbol: 'ETH/USD', quantity: '1', average_price: '100.4' }],
    },
    'GET /api/v1/executions': page([
      FILL,
      { ...FILL, id: 'e2', kind: 'bust' },
      { ...FILL, id: 'e3', symbol: 'BTC/USD' },
      { ...FILL, id: 'e4', executed_at: '2020-01-01T00:00:00Z' },
    ]),
  })
  const legend = await screen.findByRole('list', { name: 'On the chart' })
  await waitFor(() => expect(within(legend).getAllByRole('listitem')).toHaveLength(4))
  expect(within(legend).getByText('Buy 0.5, limit 99.50')).toBeVisible()
  expect(within(legend).getByText('Buy 0.5, stop 99.00')).toBeVisible()
  expect(within(legend).getByText('Average price of what is held: 100.40')).toBeVisible()
  expect(within(legend).getByText(/^1 fill, marked by an arrow/)).toBeVisible()
  await waitFor(() => expect(drawn.markers.setMarkers.mock.lastCall?.[0]).toHaveLength(1))
  expect(drawn.markers.setMarkers.mock.lastCall?.[0][0]).toMatchObject({
    time: (RUNNING - STEP) / 1_000,
    position: 'aboveBar',
    shape: 'arrowDown',
    text: 'Sell 0.25',
  })
  const calls = drawn.candles.createPriceLine.mock.calls.map(
    ([line]) => line as { price: number; title: string },
  )
  const prices = calls.filter(({ title }) => title !== '').map(({ price }) => price)
  expect(new Set(prices)).toEqual(new Set([99.5, 99, 100.4]))
})

test('another step asks for other bars', async () => {
  const { server, user } = show()
  const steps = await screen.findByRole('group', { name: 'Length of a bar' })
  await waitFor(() => expect(within(steps).getAllByRole('button')).toHaveLength(3))
  expect(within(steps).getByRole('button', { name: '5 minutes' })).toHaveAttribute('aria-pressed', 'true')
  await user.click(within(steps).getByRole('button', { name: '1 day' }))
  await waitFor(() => expect(server.requests('GET', '/api/v1/bars').at(-1)?.query.get('step')).toBe('1d'))
  expect(within(steps).getByRole('button', { name: '1 day' })).toHaveAttribute('aria-pressed', 'true')
})

test('the same figures stand in a table', async () => {
  const { user } = show()
  await screen.findByRole('img')
  await user.click(screen.getByRole('button', { name: 'Show as table' }))
  const table = within(screen.getByLabelText('Bars of ETH/USD')).getByRole('table')
  const rows = within(table).getAllByRole('row')
  expect(rows).toHaveLength(4)
  // Newest first.
  expect(
    within(rows[1] as HTMLElement)
      .getAllByRole('cell')
      .map((cell) => cell.textContent)
      .slice(1),
  ).toEqual(['101.50', '102.00', '101.00', '101.25', '3'])
  expect(screen.queryByRole('img')).toBeNull()
  expect(drawn.remove).toHaveBeenCalledOnce()
  await user.click(screen.getByRole('button', { name: 'Show as chart' }))
  expect(await screen.findByRole('img')).toBeVisible()
})

test('studies are drawn with the period that is typed, and a wrong one is refused in words', async () => {
  const { user } = show()
  await user.click(await screen.findByRole('checkbox', { name: 'Simple moving average' }))
  const field = screen.getByRole('textbox', { name: 'Bars of the Simple moving average' })
  expect(field).toHaveValue('20')
  await user.clear(field)
  expect(screen.getByText('Write a whole number from 2 to 200.')).toBeVisible()
  await user.type(field, '2')
  expect(await screen.findByText('Solid line: simple moving average of 2 bars')).toBeVisible()
  await waitFor(() =>
    expect(drawn.simple.setData.mock.lastCall?.[0]).toEqual([
      { time: (RUNNING - STEP) / 1_000, value: 101.75 },
      { time: RUNNING / 1_000, value: 101.375 },
    ]),
  )
  expect(drawn.exponential.setData.mock.lastCall?.[0]).toEqual([])
})

test('colours follow the theme', async () => {
  document.documentElement.style.setProperty('--up', '#00aa00')
  show()
  await waitFor(() =>
    expect(drawn.candles.applyOptions).toHaveBeenCalledWith(
      expect.objectContaining({ borderUpColor: '#00aa00' }),
    ),
  )
  document.documentElement.style.setProperty('--up', '#00cc00')
  act(() => {
    document.documentElement.dataset['theme'] = 'dark'
  })
  await waitFor(() =>
    expect(drawn.candles.applyOptions).toHaveBeenCalledWith(
      expect.objectContaining({ borderUpColor: '#00cc00' }),
    ),
  )
})

test('no trading in the period offers days', async () => {
  const { server, user } = show({ 'GET /api/v1/bars': { symbol: 'ETH/USD', step: '5m', items: [] } })
  expect(await screen.findByText('Nothing was traded in this period.')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show days instead' }))
  await waitFor(() => expect(server.requests('GET', '/api/v1/bars').at(-1)?.query.get('step')).toBe('1d'))
})

test('a venue without bars says so and is not asked', async () => {
  const { server } = show({ 'GET /api/v1/accounts/a1/capabilities': { venue: 'x', bar_steps: [] } })
  expect(await screen.findByText(/keeps no price history/)).toBeVisible()
  expect(server.requests('GET', '/api/v1/bars')).toEqual([])
})

test('a venue that cannot be read is an error with a way on', async () => {
  let isDown = true
  const { user } = show({
    'GET /api/v1/bars': () =>
      isDown
        ? problem(503, 'broker_read_failed', 'Try again in a moment.', 'The broker could not be read')
        : { symbol: 'ETH/USD', step: '5m', items: BARS },
  })
  expect(await screen.findByText('The broker could not be read')).toBeVisible()
  isDown = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('img')).toBeVisible()
})

test('a chart that cannot be drawn leaves the table', async () => {
  drawn.breaks = true
  show()
  expect(await screen.findByText(/could not be loaded/)).toBeVisible()
  expect(screen.getByLabelText('Bars of ETH/USD')).toBeVisible()
})
