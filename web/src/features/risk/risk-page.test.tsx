import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { type Answer, FakeServer, page, problem } from '@/test/server.ts'

const LIMITS = [
  {
    name: 'max_order_notional',
    rule: 'R-P7',
    text: 'largest order',
    unit: 'USD',
    tighter: 'lower',
    value: '5000',
    bound_by: 'user',
    use: null,
  },
  {
    name: 'daily_loss_halt',
    rule: 'R-P19',
    text: 'loss of a day that halts',
    unit: 'of equity',
    tighter: 'lower',
    value: '0.05',
    bound_by: 'platform',
    use: null,
  },
  {
    name: 'max_orders_per_day',
    rule: 'R-P16',
    text: 'orders of an account in a day',
    unit: 'orders',
    tighter: 'lower',
    value: 100,
    bound_by: 'user',
    use: '25',
  },
]
const LAYER = {
  scope: 'user',
  subject: 'u1',
  limits: {
    max_order_notional: '5000',
    max_orders_per_day: 100,
    any_symbol: true,
    max_positions: null,
    by_symbol: {},
  },
  version: 1,
  changed_at: '2026-11-27T10:00:00Z',
  pending: null,
  pending_at: null,
}
const STATE = {
  scope: 'account',
  subject: 'a1',
  mode: 'halted',
  rule: 'R-P19',
  code: 'DAILY_LOSS_HALT',
  reason: 'The loss of the day is too large',
  changed_by: 'engine',
  changed_at: '2026-11-27T10:00:00Z',
}
const KILL = {
  scope: 'source',
  subject: 's1',
  active: true,
  reason: 'Too fast',
  cancel_stops: false,
  changed_at: '2026-11-27T10:00:00Z',
  changed_by: 'user:u1',
  resting: 2,
}

function serve(answers: Record<string, Answer> = {}): FakeServer {
  return new FakeServer({
    'GET /api/v1/risk/limits': { config_hash: 'h', limits: LIMITS, layers: [LAYER] },
    'GET /api/v1/risk/limits/history': page([]),
    'GET /api/v1/risk/state': [],
    'GET /api/v1/risk/rules': [],
    'GET /api/v1/sources': page([{ id: 's1', name: 'Breakouts', state: 'active' }]),
    ...answers,
  })
}

/** Answers as if nobody had proved who is there, until they do. */
function untilProved(answer: Answer): { act: Answer; proof: Answer } {
  let proved = false
  return {
    act: (request) =>
      !proved ? problem(403, 'step_up_required') : typeof answer === 'function' ? answer(request) : answer,
    proof: () => {
      proved = true
      return { stepped_up_until: '2026-11-27T10:05:00Z' }
    },
  }
}

async function prove(user: ReturnType<typeof showScreen>['user']): Promise<void> {
  const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' })
  await user.type(within(proof).getByLabelText('Password'), 'secret words')
  await user.click(within(proof).getByRole('button', { name: 'Confirm' }))
}

test('limits are shown with their words, unit, use and who set them', async () => {
  serve()
  showScreen('/risk')
  const row = (await screen.findByRole('rowheader', { name: /Orders of an account in a day/ })).closest('tr')
  expect(row).toHaveTextContent('25 of 100 orders')
  expect(row).toHaveTextContent('You, for all accounts')
  expect(within(row as HTMLElement).getByRole('meter')).toHaveAttribute('value', '25.0')
  expect(screen.getByText('5 % of equity')).toBeVisible()
  expect(screen.getByText('Tradsy, for everybody')).toBeVisible()
})

test('tightening sends the whole layer and holds at once', async () => {
  const server = serve({
    'PUT /api/v1/risk/limits/user/u1': {
      ...LAYER,
      limits: { ...LAYER.limits, max_order_notional: '4000' },
    },
  })
  const { user } = showScreen('/risk')
  await user.click(await screen.findByRole('button', { name: 'Edit: Largest order' }))
  const dialog = await screen.findByRole('dialog', { name: 'Edit a limit of All of your accounts' })
  const field = within(dialog).getByLabelText('New value')
  await user.clear(field)
  await user.type(field, '4000')
  expect(within(dialog).getByText(/holds as soon as it is saved/)).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Saved. Largest order: 4,000 USD holds from now.')).toBeVisible()
  const [request] = server.requests('PUT', '/api/v1/risk/limits/user/u1')
  expect(request?.body).toEqual({ max_order_notional: '4000', max_orders_per_day: 100, any_symbol: true })
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
})

test('a raise says that it waits, asks who is there, and is then shown as waiting', async () => {
  const raised = {
    ...LAYER,
    pending: { ...LAYER.limits, max_order_notional: '8000' },
    pending_at: '2026-11-27T10:10:00Z',
  }
  const { act, proof } = untilProved(raised)
  const server = serve({ 'PUT /api/v1/risk/limits/user/u1': act, 'POST /api/v1/auth/step-up': proof })
  const { user } = showScreen('/risk')
  await user.click(await screen.findByRole('button', { name: 'Edit: Largest order' }))
  const field = await screen.findByLabelText('New value')
  await user.clear(field)
  await user.type(field, '8000')
  expect(screen.getByText(/holds 10 minutes after saving/)).toBeVisible()
  server.on({ 'GET /api/v1/risk/limits': { config_hash: 'h', limits: LIMITS, layers: [raised] } })
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await prove(user)
  expect(await screen.findByText(/The raise of Largest order takes effect at/)).toBeVisible()
  const waiting = await screen.findByRole('region', { name: 'A raise waits' })
  expect(waiting).toHaveTextContent('Largest order: 5,000 USD becomes 8,000 USD')
  const sent = server.requests('PUT', '/api/v1/risk/limits/user/u1')
  expect(sent).toHaveLength(2)
  expect(sent[0]?.headers.get('idempotency-key')).not.toBe(sent[1]?.headers.get('idempotency-key'))
  server.on({ 'PUT /api/v1/risk/limits/user/u1': LAYER })
  await user.click(within(waiting).getByRole('button', { name: 'Withdraw this raise' }))
  expect(await screen.findByText(/The raise was withdrawn/)).toBeVisible()
  expect(server.requests('PUT', '/api/v1/risk/limits/user/u1').at(-1)?.body).toEqual({
    max_order_notional: '5000',
    max_orders_per_day: 100,
    any_symbol: true,
  })
})

test('a limit that is refused says why, keeps what was typed, and is sent anew with a key of its own', async () => {
  const server = serve({
    'PUT /api/v1/risk/limits/account/a1': () =>
      problem(422, 'limit_above_cap', 'At most 0.05.', 'The limit is looser than this installation allows'),
  })
  const { user } = showScreen('/risk?account=a1')
  await user.click(await screen.findByRole('button', { name: 'Edit: Loss of a day that halts' }))
  const field = await screen.findByLabelText('New value')
  expect(field).toHaveValue('5')
  await user.clear(field)
  await user.type(field, '9')
  expect(screen.getByText(/A wider layer is tighter: 5 % of equity/)).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Save' }))
  const dialog = screen.getByRole('dialog', { name: /Edit a limit/ })
  expect(await within(dialog).findByRole('alert')).toHaveTextContent('At most 0.05.')
  expect(field).toHaveValue('9')
  await user.clear(field)
  await user.type(field, '4')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(server.requests('PUT', '/api/v1/risk/limits/account/a1')).toHaveLength(2))
  const keys = server
    .requests('PUT', '/api/v1/risk/limits/account/a1')
    .map(({ headers }) => headers.get('idempotency-key'))
  expect(new Set(keys).size).toBe(2)
})

test('a stop by hand needs a reason and no proof', async () => {
  const server = serve({
    'PUT /api/v1/risk/state/account/a1': { ...STATE, mode: 'reduce_only', rule: '', reason: 'News' },
  })
  const { user } = showScreen('/risk')
  await user.click(await screen.findByRole('button', { name: 'Stop: Account Paper one' }))
  const dialog = await screen.findByRole('dialog', { name: 'Stop Account Paper one' })
  const stop = within(dialog).getByRole('button', { name: 'Stop' })
  expect(stop).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Reason'), 'News')
  await user.click(stop)
  expect(await screen.findByText(/Account Paper one: Reduce only from now/)).toBeVisible()
  expect(server.requests('PUT', '/api/v1/risk/state/account/a1')[0]?.body).toEqual({
    mode: 'reduce_only',
    reason: 'News',
  })
})

test('a halt says when, by whom and why, and is lifted with a reason and proof', async () => {
  const { act, proof } = untilProved({ ...STATE, mode: 'normal' })
  const server = serve({
    'GET /api/v1/risk/state': [STATE],
    'POST /api/v1/risk/state/account/a1/enable': act,
    'POST /api/v1/auth/step-up': proof,
  })
  const { user } = showScreen('/risk')
  const row = (await screen.findByText('The loss of the day is too large', { exact: false })).closest('tr')
  expect(row).toHaveTextContent('Halted')
  expect(row).toHaveTextContent('A risk rule')
  await user.click(screen.getByRole('button', { name: 'Enable: Account Paper one' }))
  const dialog = await screen.findByRole('dialog', { name: 'Enable Account Paper one' })
  await user.type(within(dialog).getByLabelText('Reason'), 'Checked')
  await user.click(within(dialog).getByRole('button', { name: 'Enable' }))
  await prove(user)
  expect(await screen.findByText(/Account Paper one is enabled/)).toBeVisible()
  expect(server.requests('POST', '/api/v1/risk/state/account/a1/enable')[1]?.body).toEqual({
    reason: 'Checked',
  })
})

test('one source is stopped; taking its protection too needs the words', async () => {
  const server = serve({ 'POST /api/v1/kills': KILL })
  const { user } = showScreen('/risk')
  await user.click(await screen.findByRole('button', { name: 'Stop an account or a source' }))
  const dialog = await screen.findByRole('dialog', { name: 'Stop an account or a source' })
  await user.selectOptions(within(dialog).getByLabelText('What to stop'), 'Source Breakouts')
  await user.type(within(dialog).getByLabelText('Reason'), 'Too fast')
  await user.click(within(dialog).getByLabelText('Cancel protective stops and targets too'))
  const stop = within(dialog).getByRole('button', { name: 'Stop now' })
  expect(stop).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Type CANCEL STOPS to confirm'), 'CANCEL STOPS')
  await user.click(stop)
  expect(await screen.findByText(/Source Breakouts is stopped/)).toBeVisible()
  expect(server.requests('POST', '/api/v1/kills')[0]?.body).toEqual({
    scope: 'source',
    subject: 's1',
    reason: 'Too fast',
    cancel_stops: true,
    confirm: 'CANCEL STOPS',
  })
})

test('a kill switch says what rests and is released with a reason', async () => {
  const server = serve({
    'GET /api/v1/kills': [KILL],
    'POST /api/v1/kills/source/s1/release': { ...KILL, active: false },
  })
  const { user } = showScreen('/risk')
  const release = await screen.findByRole('button', { name: 'Release: Source Breakouts' })
  expect(release.closest('tr')).toHaveTextContent('You')
  expect(release.closest('tr')).toHaveTextContent('2')
  await user.click(release)
  const dialog = await screen.findByRole('dialog', { name: 'Release Source Breakouts' })
  await user.type(within(dialog).getByLabelText('Reason'), 'Fixed')
  await user.click(within(dialog).getByRole('button', { name: 'Release' }))
  expect(await screen.findByText(/Source Breakouts runs again/)).toBeVisible()
  expect(server.requests('POST', '/api/v1/kills/source/s1/release')[0]?.body).toEqual({ reason: 'Fixed' })
})

test('the history says what changed and goes on; rules are listed on demand', async () => {
  const change = {
    id: 'c1',
    scope: 'user',
    subject: 'u1',
    old: { max_order_notional: '5000' },
    new: { max_order_notional: '8000' },
    is_raise: true,
    version: 2,
    changed_by: 'user:u1',
    changed_at: '2026-11-27T10:00:00Z',
    effective_at: '2026-11-27T10:10:00Z',
  }
  serve({
    'GET /api/v1/risk/limits/history': ({ query }) =>
      query.get('cursor')
        ? page([{ ...change, id: 'c0', new: {}, is_raise: false }])
        : { items: [change], next_cursor: 'n' },
    'GET /api/v1/risk/rules': [
      { id: 'R-P1', title: 'Kill switch', kind: 'H', codes: ['KILLED'], default: 'off', reduce_only: '' },
    ],
  })
  const { user } = showScreen('/risk')
  expect(await screen.findByText('Largest order: 5,000 USD to 8,000 USD')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show more' }))
  expect(await screen.findByText('Largest order: 5,000 USD to not set')).toBeVisible()
  await user.click(screen.getByText('Show the rules that judge every order'))
  expect(screen.getByText('KILLED')).toBeVisible()
})

test('empty panels say so; what failed can be asked for again', async () => {
  const server = serve({ 'GET /api/v1/risk/limits': () => problem(503, 'unavailable', 'No database.') })
  const { user } = showScreen('/risk')
  expect(await screen.findByText('No kill switch was ever used.')).toBeVisible()
  expect(await screen.findByText('No limit was changed yet.')).toBeVisible()
  const [limits] = await screen.findAllByRole('region', { name: 'Limits of All of your accounts' })
  expect(await within(limits as HTMLElement).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/risk/limits': { config_hash: 'h', limits: LIMITS, layers: [] } })
  await user.click(within(limits as HTMLElement).getByRole('button', { name: 'Try again' }))
  await waitFor(() => expect(screen.getByText(/moderate starting values hold/)).toBeVisible())
})
