import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, page, problem } from '@/test/server.ts'

const KILL = {
  scope: 'user',
  subject: 'u1',
  active: true,
  reason: 'Too fast',
  cancel_stops: false,
  changed_at: '2026-11-27T10:00:00Z',
  changed_by: 'user:u1',
  resting: 1,
}

test('trading is stopped with one key, one press, and says how many orders it cancels', async () => {
  const server = new FakeServer({
    'GET /api/v1/orders': page([
      { id: 'o1', role: 'entry' },
      { id: 'o2', role: 'stop' },
    ]),
    'POST /api/v1/kills': { ...KILL },
  })
  const { user } = showScreen('/')
  await screen.findByRole('button', { name: 'Stop trading' })
  await user.keyboard('{Control>}{Shift>}X{/Shift}{/Control}')
  const dialog = await screen.findByRole('dialog', { name: 'Stop trading' })
  expect(await within(dialog).findByText(/1 open entry order is canceled/)).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: 'Stop now' }))
  await waitFor(() => expect(server.requests('POST', '/api/v1/kills')).toHaveLength(1))
  const [request] = server.requests('POST', '/api/v1/kills')
  expect(request?.body).toMatchObject({ scope: 'user', reason: 'Stopped by hand', cancel_stops: false })
  expect(request?.headers.get('idempotency-key')).toBeTruthy()
})

test('while anything is stopped every page says so; resuming needs a reason and proof of who it is', async () => {
  let proved = false
  const server = new FakeServer({
    'GET /api/v1/kills': () => (proved ? [{ ...KILL, active: false }] : [KILL]),
    'POST /api/v1/kills/user/u1/release': () =>
      proved ? { ...KILL, active: false } : problem(403, 'step_up_required'),
    'POST /api/v1/auth/step-up': () => {
      proved = true
      return { stepped_up_until: '2026-11-27T10:05:00Z' }
    },
  })
  const { user } = showScreen('/')
  expect(await screen.findByText('Trading is stopped')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Resume' }))
  const dialog = await screen.findByRole('dialog', { name: 'Resume trading' })
  const resume = within(dialog).getByRole('button', { name: 'Resume' })
  expect(resume).toBeDisabled()
  await user.type(within(dialog).getByLabelText('Reason'), 'Checked')
  await user.click(resume)
  const proof = await screen.findByRole('dialog', { name: 'Confirm that it is you' })
  await user.type(within(proof).getByLabelText('Password'), 'secret words')
  await user.click(within(proof).getByRole('button', { name: 'Confirm' }))
  await waitFor(() => expect(screen.queryByText('Trading is stopped')).toBeNull())
  expect(server.requests('POST', '/api/v1/kills/user/u1/release')).toHaveLength(2)
})

test('a stop that cannot be sent says so and stays open', async () => {
  new FakeServer({ 'POST /api/v1/kills': () => problem(422, 'invalid', 'The reason is too long.') })
  const { user } = showScreen('/')
  await user.click(await screen.findByRole('button', { name: 'Stop trading' }))
  const dialog = await screen.findByRole('dialog', { name: 'Stop trading' })
  await user.click(within(dialog).getByRole('button', { name: 'Stop now' }))
  expect(await within(dialog).findByText('The reason is too long.', {}, { timeout: 15_000 })).toBeVisible()
  expect(within(dialog).getByText('Nothing was changed.')).toBeVisible()
})

test('a second stop is a request of its own and not a replay of the first', async () => {
  const server = new FakeServer({ 'POST /api/v1/kills': { ...KILL } })
  const { user } = showScreen('/')
  for (const count of [1, 2]) {
    await user.click(await screen.findByRole('button', { name: 'Stop trading' }))
    const dialog = await screen.findByRole('dialog', { name: 'Stop trading' })
    await user.click(within(dialog).getByRole('button', { name: 'Stop now' }))
    await waitFor(() => expect(server.requests('POST', '/api/v1/kills')).toHaveLength(count))
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  }
  const keys = server
    .requests('POST', '/api/v1/kills')
    .map((request) => request.headers.get('idempotency-key'))
  expect(new Set(keys).size).toBe(2)
})
