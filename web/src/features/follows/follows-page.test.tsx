import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { type Answer, FakeServer, page, problem } from '@/test/server.ts'

const SOURCE = {
  id: 'src1',
  name: 'Desk alerts',
  kind: 'text',
  description: '',
  visibility: 'private',
  state: 'active',
  is_own: true,
  is_demo: false,
  created_at: '2026-11-29T09:00:00Z',
  hook_token_hint: 'thC1',
  has_body_secret: false,
  old_hook_token_until: null,
}
const PUBLIC = { ...SOURCE, id: 'src2', name: 'House view', visibility: 'public', is_own: false }
const FOLLOW = {
  id: 'f1',
  source_id: 'src1',
  source_name: 'Desk alerts',
  account_id: 'a1',
  state: 'active',
  is_demo: false,
  created_at: '2026-11-29T09:00:00Z',
  updated_at: '2026-11-29T09:00:00Z',
  sizing_mode: 'percent_equity',
  sizing_value: '5',
  mode: 'approve',
  confidence_bar: '0.8',
  symbols_allowed: ['AAPL'],
  symbols_blocked: [],
  asset_classes: [],
  windows: [{ days: [1, 2], from: '09:30:00', to: '16:00:00', timezone: 'America/New_York' }],
  exit_policy: {
    stop: { value: '3', unit: 'percent', trailing: false, limit_price: null },
    targets: [
      { value: '2', unit: 'risk' },
      { value: '5', unit: 'percent' },
    ],
    use_signal_exits: true,
  },
  approval_minutes: 30,
}
const sources: Answer = ({ query }) => page(query.get('public') === 'true' ? [PUBLIC] : [SOURCE])

test('a follow asks first unless told otherwise, and is sent as it was filled in', async () => {
  const server = new FakeServer({
    'GET /api/v1/sources': sources,
    'POST /api/v1/follows': FOLLOW,
  })
  const { user } = showScreen('/follows')
  await user.click(await screen.findByRole('button', { name: 'Follow House view' }))
  const dialog = await screen.findByRole('dialog', { name: 'Follow a source' })
  expect(await within(dialog).findByLabelText('Source')).toHaveValue('src2')
  expect(within(dialog).getByLabelText('Account')).toHaveValue('a1')
  expect(within(dialog).getByLabelText('Mode')).toHaveValue('approve')
  await user.selectOptions(within(dialog).getByLabelText('How the size is found'), 'risk_to_stop')
  const value = within(dialog).getByLabelText('Value')
  await user.clear(value)
  await user.type(value, '101')
  await user.click(within(dialog).getByRole('button', { name: 'Start to follow' }))
  expect(within(dialog).getByText('A percentage is at most 100.')).toBeVisible()
  expect(value).toHaveFocus()
  await user.clear(value)
  await user.type(value, '0.5')
  await user.type(within(dialog).getByLabelText('Only these symbols'), 'AAPL, BTC/USD')
  await user.click(within(dialog).getByLabelText('Crypto'))
  await user.selectOptions(within(dialog).getByLabelText('The stop counts'), 'percent')
  await user.type(within(dialog).getByLabelText('Own stop, as a distance'), '3')
  await user.click(within(dialog).getByRole('button', { name: 'Start to follow' }))
  expect(await screen.findByText(/The account follows House view now\./)).toBeVisible()
  const [request] = server.requests('POST', '/api/v1/follows')
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
  expect(request?.body).toEqual({
    source_id: 'src2',
    account_id: 'a1',
    sizing_mode: 'risk_to_stop',
    sizing_value: '0.5',
    mode: 'approve',
    approval_minutes: 10,
    confidence_bar: '0.8',
    symbols_allowed: ['AAPL', 'BTC/USD'],
    symbols_blocked: [],
    asset_classes: ['crypto'],
    windows: [],
    exit_policy: {
      use_signal_exits: true,
      targets: [],
      stop: { value: '3', unit: 'percent', trailing: false },
    },
  })
})

test('editing keeps what was not touched, and a refusal keeps the form', async () => {
  let refuse = true
  const server = new FakeServer({
    'GET /api/v1/sources': sources,
    'GET /api/v1/follows': page([FOLLOW]),
    'PUT /api/v1/follows/f1': () => (refuse ? problem(409, 'follow_closed', 'It is closed.') : FOLLOW),
  })
  const { user } = showScreen('/follows')
  expect(await screen.findByText('5 % of equity each time')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Edit Desk alerts' }))
  const dialog = await screen.findByRole('dialog', { name: 'Edit the follow of Desk alerts' })
  await user.selectOptions(await within(dialog).findByLabelText('Mode'), 'auto')
  expect(within(dialog).getByText(/Orders are sent without asking/)).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: 'Save' }))
  expect(await within(dialog).findByText('It is closed.')).toBeVisible()
  expect(within(dialog).getByLabelText('Mode')).toHaveValue('auto')
  refuse = false
  await user.click(within(dialog).getByRole('button', { name: 'Save' }))
  expect(await screen.findByText(/The follow of Desk alerts is saved\./)).toBeVisible()
  expect(server.requests('PUT', '/api/v1/follows/f1').at(-1)?.body).toEqual({
    sizing_mode: 'percent_equity',
    sizing_value: '5',
    mode: 'auto',
    approval_minutes: 30,
    confidence_bar: '0.8',
    symbols_allowed: ['AAPL'],
    symbols_blocked: [],
    asset_classes: [],
    windows: [{ days: [1, 2], from: '09:30', to: '16:00', timezone: 'America/New_York' }],
    exit_policy: FOLLOW.exit_policy,
  })
})

test('a follow is paused with one press and closed by typing its name', async () => {
  const server = new FakeServer({
    'GET /api/v1/sources': sources,
    'GET /api/v1/follows': page([FOLLOW]),
    'POST /api/v1/follows/f1/pause': { ...FOLLOW, state: 'paused' },
    'POST /api/v1/follows/f1/close': { ...FOLLOW, state: 'closed' },
  })
  const { user } = showScreen('/follows')
  const panel = await screen.findByRole('region', { name: 'What your accounts follow' })
  await user.click(await within(panel).findByRole('button', { name: 'Pause Desk alerts' }))
  expect(await screen.findByText(/The follow of Desk alerts is paused\./)).toBeVisible()
  await user.click(within(panel).getByRole('button', { name: 'Close Desk alerts' }))
  const dialog = await screen.findByRole('dialog', { name: 'Close the follow of Desk alerts for ever?' })
  const close = within(dialog).getByRole('button', { name: 'Close' })
  expect(close).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Type Desk alerts to close it'), 'Desk alerts')
  await user.click(close)
  expect(await screen.findByText('The follow of Desk alerts is closed.')).toBeVisible()
  expect(server.requests('POST', '/api/v1/follows/f1/close')).toHaveLength(1)
})

test('a new source shows its address and secret once, to be copied', async () => {
  const server = new FakeServer({
    'GET /api/v1/sources': page([]),
    'POST /api/v1/sources': {
      source: SOURCE,
      hook_url: 'https://tradsy.example/hooks/tradingview/abc',
      body_secret: 'tsb_1',
    },
  })
  const { user } = showScreen('/follows')
  expect(await screen.findByText(/You have no source yet/)).toBeVisible()
  await user.click(screen.getAllByRole('button', { name: 'New source' })[0] as HTMLElement)
  const dialog = await screen.findByRole('dialog', { name: 'New source' })
  await user.type(within(dialog).getByLabelText('Name'), 'Desk alerts')
  await user.selectOptions(within(dialog).getByLabelText('Kind'), 'text')
  await user.click(within(dialog).getByLabelText('Each message must also carry a secret'))
  await user.click(within(dialog).getByRole('button', { name: 'Make source' }))
  const secrets = await screen.findByRole('dialog', { name: 'Shown only now' })
  expect(within(secrets).getByLabelText('Hook address of Desk alerts')).toHaveValue(
    'https://tradsy.example/hooks/tradingview/abc',
  )
  await user.click(within(secrets).getByRole('button', { name: 'Copy Secret for each message' }))
  expect(await within(secrets).findByText('Copied.')).toBeVisible()
  expect(await navigator.clipboard.readText()).toBe('tsb_1')
  await user.click(within(secrets).getByRole('button', { name: 'I have copied it' }))
  expect(screen.queryByDisplayValue('tsb_1')).toBeNull()
  expect(server.requests('POST', '/api/v1/sources')[0]?.body).toEqual({
    name: 'Desk alerts',
    kind: 'text',
    description: '',
    visibility: 'private',
    with_body_secret: true,
  })
})

test('a source gets a new address, is paused, and is closed by typing its name', async () => {
  let proved = false
  const server = new FakeServer({
    'GET /api/v1/sources': sources,
    'POST /api/v1/sources/src1/rotate': () =>
      proved
        ? { source: SOURCE, hook_url: 'https://x/new', body_secret: null }
        : problem(403, 'step_up_required'),
    'POST /api/v1/auth/step-up': () => {
      proved = true
      return { stepped_up_until: '2026-11-29T10:05:00Z' }
    },
    'PATCH /api/v1/sources/src1': SOURCE,
  })
  const { user } = showScreen('/follows')
  await user.click(await screen.findByRole('button', { name: 'New address of Desk alerts' }))
  const rotate = await screen.findByRole('dialog', { name: 'Give Desk alerts a new address?' })
  await user.click(within(rotate).getByLabelText('The old address dies at once'))
  await user.click(within(rotate).getByRole('button', { name: 'New address' }))
  const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' })
  await user.type(within(proof).getByLabelText('Password'), 'secret words')
  await user.click(within(proof).getByRole('button', { name: 'Confirm' }))
  await user.click(await screen.findByRole('button', { name: 'I have copied it' }))
  expect(server.requests('POST', '/api/v1/sources/src1/rotate')[1]?.body).toEqual({ revoke_old: true })
  await user.click(screen.getByRole('button', { name: 'Pause Desk alerts' }))
  expect(await screen.findByText(/Desk alerts is paused: messages are kept/)).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Close Desk alerts' }))
  const close = await screen.findByRole('dialog', { name: 'Close the source Desk alerts for ever?' })
  await user.type(within(close).getByLabelText('Type Desk alerts to close it'), 'Desk alerts')
  await user.click(within(close).getByRole('button', { name: 'Close' }))
  expect(await screen.findByText('Desk alerts is closed.')).toBeVisible()
  expect(server.requests('PATCH', '/api/v1/sources/src1').map(({ body }) => body)).toEqual([
    { state: 'paused' },
    { state: 'closed' },
  ])
})

test('a test signal is sent to an own source and leads to its timeline', async () => {
  let refuse = true
  const server = new FakeServer({
    'GET /api/v1/sources': sources,
    'POST /api/v1/signals': () =>
      refuse
        ? problem(422, 'unreadable_signal', 'The message is empty.')
        : { signal_id: 's1', trace_id: 't9', duplicate: false },
  })
  const { user } = showScreen('/follows')
  await user.click(await screen.findByRole('button', { name: 'Send a test signal to Desk alerts' }))
  const dialog = await screen.findByRole('dialog', { name: 'Send a test signal to Desk alerts' })
  const text = within(dialog).getByLabelText('Text of the alert')
  await user.clear(text)
  await user.type(text, 'BUY AAPL @ 190')
  await user.click(within(dialog).getByRole('button', { name: 'Send signal' }))
  expect(await within(dialog).findByText('The message is empty.')).toBeVisible()
  refuse = false
  await user.click(within(dialog).getByRole('button', { name: 'Send signal' }))
  expect(await within(dialog).findByRole('link', { name: 'Watch what happens' })).toHaveAttribute(
    'href',
    '/app/traces/t9',
  )
  expect(server.requests('POST', '/api/v1/signals').at(-1)?.body).toEqual({
    source: 'src1',
    text: 'BUY AAPL @ 190',
  })
})

test('each list has its empty and its failed state', async () => {
  const server = new FakeServer({
    'GET /api/v1/sources': page([]),
    'GET /api/v1/follows': () => problem(503, 'unavailable', 'No database.'),
  })
  const { user } = showScreen('/follows')
  const panel = await screen.findByRole('region', { name: 'What your accounts follow' })
  expect(await within(panel).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/follows': page([]) })
  await user.click(within(panel).getByRole('button', { name: 'Try again' }))
  expect(await within(panel).findByText('None of your accounts follows a source yet.')).toBeVisible()
  expect(await screen.findByText('Nobody offers a public source yet.')).toBeVisible()
  await waitFor(() => expect(server.requests('GET', '/api/v1/follows').length).toBeGreaterThan(1))
})
