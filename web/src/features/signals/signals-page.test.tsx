import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { type Answer, FakeServer, page, problem } from '@/test/server.ts'
import { INTENT, PLAN, SIGNAL } from './fixtures.ts'

const SECOND = { ...PLAN, id: 'p2', signal_id: 's2', trace_id: 't2', intent: { ...INTENT, symbol: 'MSFT' } }

/** Answers lists of plans by the state that is asked for. */
function plans(byState: Record<string, readonly unknown[]>): Answer {
  return ({ query }) => page(byState[query.get('state') ?? ''] ?? [])
}

test('a plan is approved after a second look that says what, and begins on Back', async () => {
  let pending: readonly unknown[] = [PLAN]
  const server = new FakeServer({
    'GET /api/v1/plans': (request) =>
      page(request.query.get('state') === 'pending' ? pending : []) ?? page([]),
    'POST /api/v1/plans/p1/approve': () => {
      pending = []
      return { ...PLAN, state: 'approved' }
    },
  })
  const { user } = showScreen('/signals')
  const card = await screen.findByRole('article', { name: 'Buy 10 AAPL' })
  expect(within(card).getByText('The follow waits for a person for every signal.')).toBeVisible()
  expect(await within(card).findByText('PAPER')).toBeVisible()
  await user.click(within(card).getByRole('button', { name: 'Approve: Buy 10 AAPL' }))
  const dialog = await screen.findByRole('dialog', { name: 'Approve: Buy 10 AAPL' })
  expect(within(dialog).getByRole('button', { name: 'Back' })).toHaveFocus()
  await user.click(within(dialog).getByRole('button', { name: 'Approve: Buy 10 AAPL' }))
  expect(await screen.findByText(/Approved: Buy 10 AAPL\./)).toBeVisible()
  expect(screen.getByRole('link', { name: 'Watch what happens' })).toHaveAttribute('href', '/app/traces/t1')
  const [request] = server.requests('POST', '/api/v1/plans/p1/approve')
  expect(request?.body).toEqual({})
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
  expect(await screen.findByText('Nothing to review. New signals land here.')).toBeVisible()
})

test('a correction sends what was typed and nothing else, and refuses what is no number', async () => {
  const server = new FakeServer({
    'GET /api/v1/plans': plans({ pending: [PLAN] }),
    'POST /api/v1/plans/p1/approve': { ...PLAN, state: 'approved' },
  })
  const { user } = showScreen('/signals')
  await user.click(await screen.findByRole('button', { name: 'Correct: Buy 10 AAPL' }))
  const dialog = await screen.findByRole('dialog', { name: 'Correct: Buy 10 AAPL' })
  await user.type(within(dialog).getByLabelText('Quantity'), '-3')
  expect(within(dialog).getByText('Write a plain number above zero, such as 12.5.')).toBeVisible()
  expect(within(dialog).getByRole('button', { name: /Approve/ })).toBeDisabled()
  await user.clear(within(dialog).getByLabelText('Quantity'))
  await user.type(within(dialog).getByLabelText('Quantity'), '4')
  await user.type(within(dialog).getByLabelText('Stop loss'), '3')
  await user.selectOptions(within(dialog).getByLabelText('Stop loss is a'), 'percent')
  await user.type(within(dialog).getByLabelText('Take profit'), '199 205')
  await user.click(within(dialog).getByRole('button', { name: 'Approve: Buy 4 AAPL' }))
  await waitFor(() => expect(server.requests('POST', '/api/v1/plans/p1/approve')).toHaveLength(1))
  expect(server.requests('POST', '/api/v1/plans/p1/approve')[0]?.body).toEqual({
    intent: {
      quantity: '4',
      quantity_unit: 'units',
      stop_loss: { value: '3', unit: 'percent', trailing: false },
      take_profits: [
        { value: '199', unit: 'price' },
        { value: '205', unit: 'price' },
      ],
    },
  })
})

test('a plan held by a soft limit wants symbol, value and reason typed', async () => {
  const held = { ...PLAN, reason: 'MAX_ORDER_NOTIONAL' }
  const server = new FakeServer({
    'GET /api/v1/plans': plans({ pending: [held] }),
    'GET /api/v1/traces/t1': {
      trace_id: 't1',
      steps: [
        {
          at: '2026-11-29T09:00:00.000000Z',
          step: 'risk',
          account_id: 'a1',
          data: {
            outcome: 'held',
            checks: [
              { rule: 'R-P7', code: 'MAX_ORDER_NOTIONAL', outcome: 'soft', text: '7000 against 5000' },
            ],
          },
        },
      ],
    },
    'POST /api/v1/plans/p1/approve': { ...PLAN, state: 'approved' },
  })
  const { user } = showScreen('/signals')
  await user.click(await screen.findByRole('button', { name: 'Approve: Buy 10 AAPL' }))
  const dialog = await screen.findByRole('dialog')
  expect(await within(dialog).findByText('7000 against 5000')).toBeVisible()
  const send = within(dialog).getByRole('button', { name: 'Approve: Buy 10 AAPL' })
  expect(send).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Type the symbol again'), 'AAPL')
  await user.type(within(dialog).getByLabelText('Type the value of the order again'), '7000')
  await user.type(within(dialog).getByLabelText('Why do you want it all the same?'), 'Earnings')
  await user.click(send)
  await waitFor(() =>
    expect(server.requests('POST', '/api/v1/plans/p1/approve')[0]?.body).toEqual({
      confirmation: { symbol: 'AAPL', notional: '7000', reason: 'Earnings' },
    }),
  )
})

test('a refused approval says why, keeps the dialog, and the next try has a new key', async () => {
  const server = new FakeServer({
    'GET /api/v1/plans': plans({ pending: [PLAN] }),
    'POST /api/v1/plans/p1/approve': () => problem(409, 'plan_decided', 'The plan is expired.'),
  })
  const { user } = showScreen('/signals')
  await user.click(await screen.findByRole('button', { name: 'Approve: Buy 10 AAPL' }))
  const dialog = await screen.findByRole('dialog')
  await user.click(within(dialog).getByRole('button', { name: /^Approve/ }))
  expect(await within(dialog).findByText('The plan is expired.')).toBeVisible()
  expect(within(dialog).getByText('Nothing was changed.')).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: /^Approve/ }))
  await waitFor(() => expect(server.requests('POST', '/api/v1/plans/p1/approve')).toHaveLength(2))
  const keys = server
    .requests('POST', '/api/v1/plans/p1/approve')
    .map((request) => request.headers.get('idempotency-key'))
  expect(new Set(keys).size).toBe(2)
})

test('keys go through the cards, open the dialog and ignore, and rest while a dialog is open', async () => {
  const server = new FakeServer({
    'GET /api/v1/plans': plans({ pending: [PLAN, SECOND] }),
    'POST /api/v1/plans/p2/ignore': { ...SECOND, state: 'ignored' },
  })
  const { user } = showScreen('/signals')
  const first = await screen.findByRole('article', { name: 'Buy 10 AAPL' })
  await user.keyboard('j')
  expect(first).toHaveFocus()
  await user.keyboard('j')
  expect(screen.getByRole('article', { name: 'Buy 10 MSFT' })).toHaveFocus()
  await user.keyboard('k')
  expect(first).toHaveFocus()
  await user.keyboard('a')
  const dialog = await screen.findByRole('dialog', { name: 'Approve: Buy 10 AAPL' })
  await user.keyboard('ij')
  await user.click(within(dialog).getByRole('button', { name: 'Back' }))
  expect(server.requests('POST', '/api/v1/plans/p1/ignore')).toHaveLength(0)
  screen.getByRole('article', { name: 'Buy 10 MSFT' }).focus()
  await user.keyboard('i')
  expect(await screen.findByText(/Ignored: Buy 10 MSFT\./)).toBeVisible()
  expect(server.requests('POST', '/api/v1/plans/p2/ignore')).toHaveLength(1)
})

test('all that is shown is ignored after one question, and failures are told', async () => {
  const server = new FakeServer({
    'GET /api/v1/plans': plans({ pending: [PLAN, SECOND] }),
    'POST /api/v1/plans/p1/ignore': { ...PLAN, state: 'ignored' },
    'POST /api/v1/plans/p2/ignore': () => problem(409, 'plan_decided', 'It is decided.'),
  })
  const { user } = showScreen('/signals')
  await user.click(await screen.findByRole('button', { name: 'Ignore all 2' }))
  const dialog = await screen.findByRole('dialog', { name: 'Ignore all 2 shown?' })
  await user.click(within(dialog).getByRole('button', { name: 'Ignore all 2' }))
  expect(await screen.findByText(/1 plan was ignored\./)).toBeVisible()
  expect(screen.getByText('It is decided.')).toBeVisible()
  expect(server.requests('POST', '/api/v1/plans/p1/ignore')).toHaveLength(1)
})

test('the other lists stand in the address, and all signals come in pages', async () => {
  const server = new FakeServer({
    'GET /api/v1/plans': plans({
      executed: [{ ...PLAN, state: 'executed', reason: '' }],
      ignored: [{ ...SECOND, state: 'ignored' }],
    }),
    'GET /api/v1/signals': ({ query }) =>
      query.get('cursor')
        ? page([{ ...SIGNAL, id: 's9', intent: { ...INTENT, symbol: 'TSLA' } }])
        : { items: [SIGNAL], next_cursor: 'c2' },
  })
  const { user, router } = showScreen('/signals?tab=approved')
  expect(await screen.findByText('Order made')).toBeVisible()
  const tabs = screen.getByRole('navigation', { name: 'Kinds of signals' })
  expect(within(tabs).getByRole('link', { name: 'Approved' })).toHaveAttribute('aria-current', 'page')
  expect(within(tabs).getByRole('link', { name: 'Pending' })).not.toHaveAttribute('aria-current')
  await user.click(within(tabs).getByRole('link', { name: 'Ignored' }))
  expect(await screen.findByRole('link', { name: 'Buy 10 MSFT' })).toBeVisible()
  expect(router.state.location.search).toEqual({ tab: 'ignored' })
  await user.click(within(tabs).getByRole('link', { name: 'All signals' }))
  expect(await screen.findByText('94 %')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show more' }))
  expect(await screen.findByRole('link', { name: 'Buy TSLA' })).toBeVisible()
  expect(server.requests('GET', '/api/v1/signals').at(-1)?.query.get('cursor')).toBe('c2')
  await user.click(within(tabs).getByRole('link', { name: 'Expired' }))
  expect(await screen.findByText('Nothing expired without a decision.')).toBeVisible()
})

test('an inbox that could not be read says so and tries again', async () => {
  const server = new FakeServer({ 'GET /api/v1/plans': () => problem(503, 'unavailable', 'No database.') })
  const { user } = showScreen('/signals')
  const panel = await screen.findByRole('region', { name: 'Pending' })
  expect(await within(panel).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/plans': page([]) })
  await user.click(within(panel).getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('Nothing to review. New signals land here.')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Send a test signal' })).toHaveAttribute('href', '/app/follows')
})
