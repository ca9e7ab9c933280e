import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { ACCOUNT, FakeServer, json, page, problem } from '@/test/server.ts'

const SECOND = { ...ACCOUNT, id: 'a2', label: 'Paper two', is_primary: false }
const CONNECTION = {
  id: 'c1',
  venue: 'sim',
  label: 'My paper',
  environment: 'paper',
  credential_hint: '',
  state: 'active',
  state_reason: '',
  is_demo: false,
  created_at: '2026-01-02T03:04:05Z',
  updated_at: '2026-01-03T03:04:05Z',
  accounts: [ACCOUNT, SECOND],
}
const LIST = 'GET /api/v1/connections'

test('a connection is shown with its accounts, its state and why', async () => {
  const expired = { ...CONNECTION, id: 'c2', label: 'Old', state: 'expired', state_reason: 'Key was revoked' }
  new FakeServer({ [LIST]: page([CONNECTION, { ...expired, accounts: [] }]) })
  showScreen('/connections')
  const first = await screen.findByRole('region', { name: 'My paper' })
  expect(within(first).getByText('PAPER')).toBeVisible()
  expect(within(first).getByText('Built-in paper market')).toBeVisible()
  const row = within(first).getByRole('row', { name: /Paper one/ })
  expect(within(row).getByText('Primary')).toBeVisible()
  const second = screen.getByRole('region', { name: 'Old' })
  expect(within(second).getByText('Expired')).toBeVisible()
  expect(within(second).getByText('Key was revoked')).toBeVisible()
  expect(within(second).queryByRole('button', { name: /Pause|Resume/ })).toBeNull()
})

test('a paper account is opened once, with the next step named', async () => {
  const server = new FakeServer({
    [LIST]: page([]),
    'POST /api/v1/connections': () => json({ ...CONNECTION, label: 'Practice' }, 201),
  })
  const { user } = showScreen('/connections')
  expect(await screen.findByText(/No connection yet/)).toBeVisible()
  const [open] = screen.getAllByRole('button', { name: 'Open a paper account' })
  if (open) await user.click(open)
  const dialog = await screen.findByRole('dialog', { name: 'Open a paper account' })
  expect(within(dialog).getByText(/No real money is involved/)).toBeVisible()
  const press = within(dialog).getByRole('button', { name: 'Open' })
  expect(press).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Label'), 'Practice')
  const cash = within(dialog).getByLabelText(/Opening cash/)
  await user.clear(cash)
  await user.type(cash, '99.99')
  expect(press).toBeDisabled()
  await user.clear(cash)
  await user.type(cash, '2500.50')
  await user.selectOptions(within(dialog).getByLabelText('Accounts under the login'), '2')
  await user.click(press)
  expect(await screen.findByText('Practice is open and ready to trade on paper.')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Go to Follows' })).toBeVisible()
  const [request, ...others] = server.requests('POST', '/api/v1/connections')
  expect(others).toHaveLength(0)
  expect(request?.body).toEqual({ kind: 'paper', label: 'Practice', cash: '2500.50', accounts: 2 })
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
})

test('a refused opening keeps what was typed and repeats under the same key', async () => {
  const server = new FakeServer({
    [LIST]: page([]),
    'POST /api/v1/connections': () =>
      problem(503, 'paper_venue_unavailable', 'The paper venue does not answer.'),
  })
  const { user } = showScreen('/connections')
  const [open] = await screen.findAllByRole('button', { name: 'Open a paper account' })
  if (open) await user.click(open)
  const dialog = await screen.findByRole('dialog')
  await user.type(within(dialog).getByLabelText('Label'), 'Practice')
  await user.click(within(dialog).getByRole('button', { name: 'Open' }))
  expect(await within(dialog).findByText('The paper venue does not answer.')).toBeVisible()
  expect(within(dialog).getByText('Nothing was changed.')).toBeVisible()
  expect(within(dialog).getByLabelText('Label')).toHaveValue('Practice')
  await user.click(within(dialog).getByRole('button', { name: 'Open' }))
  await waitFor(() => expect(server.requests('POST', '/api/v1/connections')).toHaveLength(2))
  const keys = server
    .requests('POST', '/api/v1/connections')
    .map(({ headers }) => headers.get('idempotency-key'))
  expect(keys[0]).toBe(keys[1])
})

test('an account is renamed, and another one made primary', async () => {
  const server = new FakeServer({
    [LIST]: page([CONNECTION]),
    'PATCH /api/v1/accounts/a2': ({ body }) => ({ ...SECOND, ...(body as object) }),
  })
  const { user } = showScreen('/connections')
  await user.click(await screen.findByRole('button', { name: 'Rename Paper two' }))
  const dialog = await screen.findByRole('dialog', { name: 'Rename account' })
  await user.clear(within(dialog).getByLabelText('Label'))
  await user.type(within(dialog).getByLabelText('Label'), 'Swing')
  await user.click(within(dialog).getByRole('button', { name: 'Rename' }))
  expect(await screen.findByText('The account is now called Swing.')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Make primary: Paper two' }))
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Make primary' }))
  expect(await screen.findByText('Paper two is the primary account now.')).toBeVisible()
  const bodies = server.requests('PATCH', '/api/v1/accounts/a2').map((request) => request.body)
  expect(bodies).toEqual([{ label: 'Swing' }, { is_primary: true }])
})

test('a connection is paused and resumed', async () => {
  let state = 'active'
  const change = (next: string) => () => {
    state = next
    return { ...CONNECTION, state }
  }
  const server = new FakeServer({
    [LIST]: () => page([{ ...CONNECTION, state }]) as object,
    'POST /api/v1/connections/c1/pause': change('paused'),
    'POST /api/v1/connections/c1/resume': change('active'),
  })
  const { user } = showScreen('/connections')
  await user.click(await screen.findByRole('button', { name: 'Pause My paper' }))
  const pausing = await screen.findByRole('dialog', { name: 'Pause My paper' })
  expect(within(pausing).getByText(/Nothing new is sent/)).toBeVisible()
  await user.click(within(pausing).getByRole('button', { name: 'Pause' }))
  expect(await screen.findByText(/My paper is paused/)).toBeVisible()
  await user.click(await screen.findByRole('button', { name: 'Resume My paper' }))
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Resume' }))
  expect(await screen.findByText('My paper is active again.')).toBeVisible()
  expect(server.requests('POST', '/api/v1/connections/c1/pause')).toHaveLength(1)
  expect(server.requests('POST', '/api/v1/connections/c1/resume')).toHaveLength(1)
})

test('closing wants the label typed, and says what stays', async () => {
  let state = 'active'
  const server = new FakeServer({
    [LIST]: () => page([{ ...CONNECTION, state }]) as object,
    'POST /api/v1/connections/c1/close': () => {
      state = 'closed'
      return { ...CONNECTION, state }
    },
  })
  const { user } = showScreen('/connections')
  await user.click(await screen.findByRole('button', { name: 'Close My paper' }))
  const dialog = await screen.findByRole('dialog', { name: 'Close My paper for ever' })
  expect(within(dialog).getByText(/Positions and resting orders at the venue stay there/)).toBeVisible()
  const press = within(dialog).getByRole('button', { name: 'Close for ever' })
  await user.type(within(dialog).getByLabelText(/Type the label/), 'My pape')
  expect(press).toBeDisabled()
  await user.type(within(dialog).getByLabelText(/Type the label/), 'r')
  await user.click(press)
  expect(await screen.findByText(/My paper is closed\./)).toBeVisible()
  expect(server.requests('POST', '/api/v1/connections/c1/close')).toHaveLength(1)
  await user.click(await screen.findByText('1 closed connection'))
  expect(await screen.findByRole('region', { name: 'My paper' })).toBeVisible()
})

test('a list that cannot be read says so', async () => {
  const server = new FakeServer({ [LIST]: () => problem(503, 'unavailable', 'No database.') })
  const { user } = showScreen('/connections')
  const panel = await screen.findByRole('region', { name: 'Connections' })
  expect(await within(panel).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ [LIST]: page([CONNECTION]) })
  await user.click(within(panel).getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('region', { name: 'My paper' })).toBeVisible()
})
