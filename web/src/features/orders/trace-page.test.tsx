import { screen, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { ACCOUNT, FakeServer, page, problem } from '@/test/server.ts'
import { isOver, millisecondsBetween, toUtc } from './trace-facts.ts'

const at = (micros: string) => `2026-11-29T09:00:00.${micros}Z`
const RECEIVED = {
  at: at('000100'),
  step: 'received',
  account_id: null,
  order_id: null,
  data: { signal_id: 's1', dialect: 'text', text: 'Buy AAPL' },
}
const PARSED = {
  ...RECEIVED,
  step: 'parsed',
  data: {
    intent: { action: 'open_long', symbol: 'AAPL' },
    confidence: '0.9',
    reasons: [],
    state: 'accepted',
  },
}
const PLANNED = {
  ...RECEIVED,
  step: 'planned',
  account_id: 'a1',
  data: { plan_id: 'p1', state: 'executed', reason: '' },
}
const RISK = {
  at: at('012600'),
  step: 'risk',
  account_id: 'a1',
  order_id: null,
  data: {
    outcome: 'refused',
    reasons: ['PRICE_COLLAR'],
    checks: [
      { rule: 'R-P1', code: 'KILLED', outcome: 'pass', numbers: {}, text: 'R-P1 pass, killed' },
      {
        rule: 'R-P9',
        code: 'PRICE_COLLAR',
        outcome: 'refuse',
        numbers: { value: '0.12', limit: '0.05', unit: 'of price' },
        text: 'R-P9 refuse, price collar',
      },
    ],
  },
}
const SENT = { at: at('020000'), step: 'sent', account_id: 'a1', order_id: 'o1', data: { attempt: 1 } }

test('a refusal is marked in words, with its numbers and its checks', async () => {
  new FakeServer({
    'GET /api/v1/traces/t1': { trace_id: 't1', steps: [RECEIVED, PARSED, PLANNED, RISK] },
  })
  const { user } = showScreen('/traces/t1')
  await screen.findByText('Risk checks')
  const steps = screen.getByRole('region', { name: 'Steps' })
  const items = within(steps).getAllByRole('listitem')
  expect(items[0]).toHaveTextContent('Buy AAPL')
  const risk = within(steps).getByText('Risk checks').closest('li') as HTMLElement
  // Once for the step, once for the check.
  expect(within(risk).getAllByText('Refused')).toHaveLength(2)
  expect(risk).toHaveTextContent('+12.5 ms')
  expect(within(risk).getByTitle('2026-11-29T09:00:00.012600Z')).toBeVisible()
  expect(risk).toHaveTextContent(
    'The price is too far from the market. Measured 0.12 of price, limit 0.05 of price.',
  )
  await user.click(within(risk).getByText('2 checks: 1 stops the order'))
  const row = within(risk).getByText('R-P9').closest('tr') as HTMLElement
  expect(row).toHaveTextContent('Refused')
  expect(row).toHaveTextContent('0.05 of price')
  expect(screen.getByText('Nothing more is expected.')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Open the signal' })).toHaveAttribute('href', '/app/signals/s1')
})

test('a timeline that goes on is followed, and an unknown outcome is told apart', async () => {
  let steps: object[] = [RECEIVED, PARSED, PLANNED, { ...SENT, at: new Date().toISOString() }]
  const server = new FakeServer({ 'GET /api/v1/traces/t1': () => ({ trace_id: 't1', steps }) })
  showScreen('/traces/t1')
  expect(await screen.findByText('Following live')).toBeVisible()
  steps = [
    ...steps,
    {
      at: new Date().toISOString(),
      step: 'unknown',
      account_id: 'a1',
      order_id: 'o1',
      data: { to: 'unknown' },
    },
  ]
  server.on({ 'GET /api/v1/traces/t1': () => ({ trace_id: 't1', steps }) })
  expect(await screen.findByText('Not certain', {}, { timeout: 15_000 })).toBeVisible()
  expect(screen.getByText(/gave no answer/)).toBeVisible()
}, 30_000)

test('several accounts have a panel each', async () => {
  new FakeServer({
    'GET /api/v1/accounts': page([ACCOUNT, { ...ACCOUNT, id: 'a2', label: 'Real two', is_paper: false }]),
    'GET /api/v1/traces/t1': {
      trace_id: 't1',
      steps: [RECEIVED, PARSED, PLANNED, { ...PLANNED, account_id: 'a2' }, RISK],
    },
  })
  showScreen('/traces/t1')
  const first = await screen.findByRole('region', { name: 'Paper one · PAPER' })
  expect(within(first).getByText('Risk checks')).toBeVisible()
  const second = screen.getByRole('region', { name: 'Real two · LIVE' })
  expect(within(second).queryByText('Risk checks')).toBeNull()
  expect(screen.getByRole('region', { name: 'The signal' })).toHaveTextContent('read with 90 % confidence')
})

test('a timeline that cannot be read says so', async () => {
  new FakeServer({
    'GET /api/v1/traces/t1': () => problem(404, 'trace_not_found', 'There is no such trace.'),
  })
  showScreen('/traces/t1')
  expect(await screen.findByRole('alert')).toHaveTextContent('There is no such trace.')
})

test('an order in its last state ends the timeline; a resting stop does not', () => {
  const step = (name: string, order: string, to: string) => ({
    at: at('030000'),
    step: name,
    account_id: 'a1',
    order_id: order,
    data: { to },
  })
  const filled = [RECEIVED, PARSED, PLANNED, SENT, step('filled', 'o1', 'filled')]
  expect(isOver(filled)).toBe(true)
  expect(isOver([...filled, step('accepted', 'o2', 'new')])).toBe(false)
  expect(isOver([RECEIVED, PARSED, { ...PLANNED, data: { state: 'pending' } }])).toBe(false)
  expect(isOver([RECEIVED, { ...PARSED, data: { state: 'ignored' } }])).toBe(true)
})

test('times keep their microseconds', () => {
  expect(millisecondsBetween('2026-11-29T09:00:00.000100Z', '2026-11-29T09:00:01.000Z')).toBe(999.9)
  expect(toUtc('2026-11-29T09:00:00.5+01:00')).toBe('2026-11-29T08:00:00.500000Z')
})
