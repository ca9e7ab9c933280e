import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { type Answer, FakeServer, json, ME, page, problem } from '@/test/server.ts'

const KIM = {
  id: '01a1fb0d-1b82-7892-b79d-f1abb7113898',
  email: 'kim@example.com',
  display_name: 'Kim',
  role: 'user',
  state: 'active',
  is_demo: false,
  created_at: '2026-01-02T03:04:05Z',
}
const ONE = `/api/v1/admin/users/${KIM.id}`
const READY = { ready: true, trading_ready: true, dependencies: { database: true, bus: true, sim: true } }
const answers: Record<string, Answer> = {
  'GET /api/v1/me': { ...ME, role: 'admin' },
  'GET /api/v1/admin/users': page([KIM]),
  [`GET ${ONE}`]: KIM,
  'GET /readyz': READY,
}

/** A route that wants proof of who is there first. */
function proved(answer: (body: unknown) => object): Record<string, Answer> & { act: Answer } {
  let known = false
  return {
    'POST /api/v1/auth/step-up': () => {
      known = true
      return { stepped_up_until: '2026-11-27T10:05:00Z' }
    },
    act: ({ body }) => (known ? answer(body) : problem(403, 'step_up_required')),
  }
}

async function prove(user: ReturnType<typeof showScreen>['user']) {
  const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' })
  await user.type(within(proof).getByLabelText('Password'), 'secret words')
  await user.click(within(proof).getByRole('button', { name: 'Confirm' }))
}

test('others are refused, and nothing is asked for', async () => {
  const server = new FakeServer({ ...answers, 'GET /api/v1/me': { ...ME, role: 'operator' } })
  showScreen('/admin')
  expect(await screen.findByText('This page is for admins only')).toBeVisible()
  expect(screen.getByText(/Your role is Operator/)).toBeVisible()
  expect(server.requests('GET', '/api/v1/admin/users')).toHaveLength(0)
})

test('a user is disabled after proof of who it is', async () => {
  const { act, ...step } = proved(() => ({ ...KIM, state: 'disabled' }))
  const server = new FakeServer({ ...answers, ...step, [`POST ${ONE}/disable`]: act })
  const { user } = showScreen('/admin')
  await user.click(await screen.findByRole('button', { name: 'Show kim@example.com' }))
  await user.click(await screen.findByRole('button', { name: 'Disable' }))
  const dialog = await screen.findByRole('dialog', { name: 'Disable kim@example.com' })
  expect(within(dialog).getByText(/end within seconds/)).toBeVisible()
  server.on({ [`GET ${ONE}`]: { ...KIM, state: 'disabled' } })
  await user.click(within(dialog).getByRole('button', { name: 'Disable' }))
  await prove(user)
  expect(await screen.findByText(/kim@example.com is disabled\./)).toBeVisible()
  const sent = server.requests('POST', `${ONE}/disable`)
  expect(sent).toHaveLength(2)
  // The refusal is stored under the first key.
  expect(new Set(sent.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(2)
  expect(await screen.findByRole('button', { name: 'Enable' })).toBeVisible()
})

test('a role is changed with exactly the chosen one; the last admin stays', async () => {
  const { act, ...step } = proved((body) => ({ ...KIM, ...(body as object) }))
  const server = new FakeServer({ ...answers, ...step, [`PUT ${ONE}/role`]: act })
  const { user } = showScreen('/admin')
  await user.click(await screen.findByRole('button', { name: 'Show kim@example.com' }))
  await user.click(await screen.findByRole('button', { name: 'Change role' }))
  const dialog = await screen.findByRole('dialog', { name: 'Change the role of kim@example.com' })
  await user.selectOptions(within(dialog).getByLabelText('New role'), 'Support')
  await user.click(within(dialog).getByRole('button', { name: 'Change role' }))
  await prove(user)
  expect(await screen.findByText(/has the role Support now/)).toBeVisible()
  expect(server.requests('PUT', `${ONE}/role`).at(-1)?.body).toEqual({ role: 'support' })
  server.on({ [`PUT ${ONE}/role`]: () => problem(409, 'last_admin', 'Nobody would be left to administer.') })
  await user.click(screen.getByRole('button', { name: 'Change role' }))
  const again = await screen.findByRole('dialog', { name: 'Change the role of kim@example.com' })
  await user.selectOptions(within(again).getByLabelText('New role'), 'Admin')
  await user.click(within(again).getByRole('button', { name: 'Change role' }))
  expect(await within(again).findByText('Nobody would be left to administer.')).toBeVisible()
})

test('health names what does not answer, also when the service is not ready', async () => {
  const down = { ready: false, trading_ready: false, dependencies: { database: false, bus: true } }
  new FakeServer({ ...answers, 'GET /readyz': () => json(down, 503) })
  showScreen('/admin')
  const panel = await screen.findByRole('region', { name: 'Service health' })
  const [first] = await within(panel).findAllByRole('row', { name: /database/ })
  expect(first).toHaveTextContent('does not answer')
  expect(within(panel).getByText('Requests cannot be served in full.')).toBeVisible()
})

test('health that cannot be read is an error, not an old answer', async () => {
  new FakeServer({ ...answers, 'GET /readyz': () => problem(500, 'internal', 'No answer.') })
  showScreen('/admin')
  const panel = await screen.findByRole('region', { name: 'Service health' })
  expect(await within(panel).findByRole('alert')).toHaveTextContent('No answer.')
})

test('users are searched; none is said plainly', async () => {
  const server = new FakeServer({
    ...answers,
    'GET /api/v1/admin/users': ({ query }) => (query.get('query') ? page([]) : page([KIM])),
  })
  const { user } = showScreen('/admin')
  await user.type(await screen.findByLabelText('Part of an address or name'), 'zed')
  await user.click(screen.getByRole('button', { name: 'Search' }))
  expect(await screen.findByText('No user matches.')).toBeVisible()
  expect(server.requests('GET', '/api/v1/admin/users').at(-1)?.query.get('query')).toBe('zed')
  await user.click(screen.getByRole('button', { name: 'Show all' }))
  expect(await screen.findByText('kim@example.com')).toBeVisible()
})

test("another's chain is looked at only with a reason, once for each press", async () => {
  const path = `/api/v1/audit/chains/${KIM.id}/events`
  const event = {
    seq: 2,
    at: '2026-11-20T09:30:00Z',
    actor: 'engine',
    action: 'order.accepted',
    subject: 'order:1',
    data: {},
    hash: 'ab'.repeat(32),
    position: 3,
  }
  const server = new FakeServer({
    ...answers,
    [`GET ${path}`]: ({ query }) =>
      query.get('cursor') === 'next'
        ? page([{ ...event, seq: 1, action: 'user.created' }])
        : { items: [event], next_cursor: 'next' },
  })
  const { user } = showScreen('/admin')
  await user.click(await screen.findByRole('button', { name: 'Show kim@example.com' }))
  await user.click(await screen.findByRole('button', { name: 'Use for the audit viewer' }))
  const panel = screen.getByRole('region', { name: 'Audit chain of another' })
  expect(within(panel).getByText(/is recorded on that chain/)).toBeVisible()
  expect(within(panel).getByLabelText('Chain id')).toHaveValue(KIM.id)
  const press = within(panel).getByRole('button', { name: 'Look and record it' })
  await user.type(within(panel).getByLabelText('Reason'), 'Ticket')
  expect(press).toBeDisabled()
  await user.type(within(panel).getByLabelText('Reason'), ' 4711')
  await user.click(press)
  expect(await within(panel).findByText('order.accepted')).toBeVisible()
  await user.click(within(panel).getByRole('button', { name: 'Show more and record it' }))
  expect(await within(panel).findByText('user.created')).toBeVisible()
  const looks = server.requests('GET', path)
  expect(looks).toHaveLength(2)
  expect(looks[0]?.query.get('reason')).toBe('Ticket 4711')
})

test('the key of the demo is shown once, with how to use it', async () => {
  const { act, ...step } = proved(() => json({ api_key: 'tsk_demo', seconds: 86_400 }, 201))
  const server = new FakeServer({ ...answers, ...step, 'POST /api/v1/admin/demo/view-key': act })
  const { user } = showScreen('/admin')
  const panel = await screen.findByRole('region', { name: 'Look at the demo' })
  await user.click(within(panel).getByRole('button', { name: 'Make a key' }))
  const dialog = await screen.findByRole('dialog', { name: 'Make a key for the demo' })
  await user.click(within(dialog).getByRole('button', { name: 'Make a key' }))
  await prove(user)
  expect(await within(panel).findByText('tsk_demo')).toBeVisible()
  expect(within(panel).getByText(/export TRADSY_API_KEY=tsk_demo/)).toBeVisible()
  expect(within(panel).getByText(/ends after 24 hours/)).toBeVisible()
  await user.click(within(panel).getByRole('button', { name: 'Hide the key' }))
  expect(within(panel).queryByText('tsk_demo')).toBeNull()
  await waitFor(() => expect(server.requests('POST', '/api/v1/admin/demo/view-key')).toHaveLength(2))
})
