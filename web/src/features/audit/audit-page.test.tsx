import { screen, waitFor, within } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, ME, page, problem } from '@/test/server.ts'
import { hex, utf8 } from './bytes.ts'
import { canonicalEvent, eventHash, NO_HASH, uuidBytes } from './event-hash.ts'

const ID = '01a1fb0d-1b82-7892-b79d-f1abb7113898'
const KEY = { origin: 'tradsy/0011223344556677', public_key: btoa('\x07'.repeat(32)) }
const CHECKPOINT = {
  size: 45,
  root: 'ab'.repeat(32),
  at: '2026-11-20T09:31:00Z',
  daily: true,
  note: 'tradsy/0011\n45\nroot\n',
}

async function makeEvents() {
  const first = {
    at: '2026-11-20T09:30:00Z',
    actor: 'engine',
    action: 'order.accepted',
    subject: 'order:1',
    data: { price: '187.25', b: 1, a: ['x'] },
  }
  const second = { ...first, at: '2026-11-20T09:30:01.5Z', action: 'order.filled' }
  const hash1 = await eventHash(uuidBytes(ID), 1, NO_HASH, utf8(canonicalEvent(first)))
  const hash2 = await eventHash(uuidBytes(ID), 2, hash1, utf8(canonicalEvent(second)))
  return [
    { ...second, seq: 2, hash: hex(hash2), position: null },
    { ...first, seq: 1, hash: hex(hash1), position: 3 },
  ]
}

const answers = {
  'GET /api/v1/me': { ...ME, id: ID },
  'GET /api/v1/audit/events': page([]),
  'GET /api/v1/audit/key': KEY,
  'GET /api/v1/audit/checkpoints': page([CHECKPOINT]),
}

test('an event opens to its canonical data, and its hash is computed anew', async () => {
  new FakeServer({ ...answers, 'GET /api/v1/audit/events': page(await makeEvents()) })
  const { user } = showScreen('/audit')
  const events = await screen.findByRole('list', { name: 'Events' })
  await user.click(within(events).getByText('order.filled'))
  expect(
    await within(events).findByText(
      '{"action":"order.filled","actor":"engine","at":"2026-11-20T09:30:01.500000Z","data":{"a":["x"],"b":1,"price":"187.25"},"subject":"order:1"}',
    ),
  ).toBeVisible()
  expect(await within(events).findByText(/The hash follows from this data/)).toBeVisible()
})

test('a changed event is told from its hash', async () => {
  const [second, first] = await makeEvents()
  new FakeServer({
    ...answers,
    'GET /api/v1/audit/events': page([{ ...second, data: { price: '1' } }, first]),
  })
  const { user } = showScreen('/audit')
  await user.click(await screen.findByText('order.filled'))
  expect(await screen.findByText(/The hash does not follow/)).toBeVisible()
})

test('filters stand in the address and are sent; the next page follows the cursor', async () => {
  const [second, first] = await makeEvents()
  const server = new FakeServer({
    ...answers,
    'GET /api/v1/audit/events': ({ query }) =>
      query.get('cursor') === 'next' ? page([first]) : { items: [second], next_cursor: 'next' },
  })
  const { user } = showScreen('/audit?action=order.filled')
  const filters = await screen.findByRole('form', { name: 'Filters' })
  expect(within(filters).getByLabelText('Action')).toHaveValue('order.filled')
  const events = screen.getByRole('region', { name: 'Events' })
  await user.click(await within(events).findByRole('button', { name: 'Show more' }))
  expect(await screen.findByText('order.accepted')).toBeVisible()
  await user.clear(within(filters).getByLabelText('Action'))
  await user.type(within(filters).getByLabelText('Subject'), 'order:1')
  await user.type(within(filters).getByLabelText('Since'), '2026-11-20T09:00')
  await user.click(within(filters).getByRole('button', { name: 'Apply' }))
  const since = new Date('2026-11-20T09:00').toISOString()
  await waitFor(() => {
    const query = server.requests('GET', '/api/v1/audit/events').at(-1)?.query
    expect([query?.get('action'), query?.get('subject'), query?.get('since')]).toEqual([
      null,
      'order:1',
      since,
    ])
  })
  expect(new URLSearchParams(location.search).get('since')).toBe(since)
})

test('an empty result offers to clear the filters', async () => {
  const server = new FakeServer(answers)
  const { user } = showScreen('/audit?subject=order:9')
  const events = await screen.findByRole('region', { name: 'Events' })
  expect(await within(events).findByText('No event matches these filters.')).toBeVisible()
  const [, clear] = within(events).getAllByRole('button', { name: 'Clear filters' })
  if (clear) await user.click(clear)
  expect(await within(events).findByText(/Nothing is recorded yet/)).toBeVisible()
  expect(server.requests('GET', '/api/v1/audit/events').at(-1)?.query.get('subject')).toBeNull()
})

test('events that cannot be read say so and are asked for again', async () => {
  const server = new FakeServer({
    ...answers,
    'GET /api/v1/audit/events': () => problem(503, 'unavailable', 'No database.'),
  })
  const { user } = showScreen('/audit')
  const events = await screen.findByRole('region', { name: 'Events' })
  expect(await within(events).findByRole('alert')).toHaveTextContent('No database.')
  server.on({ 'GET /api/v1/audit/events': page(await makeEvents()) })
  await user.click(within(events).getByRole('button', { name: 'Try again' }))
  expect(await within(events).findByText('order.filled')).toBeVisible()
})

test("the server's check is told in words", async () => {
  const result = { verified: true, reason: '', chain_id: ID, events: 65, covered: 44, size: 45 }
  const server = new FakeServer({ ...answers, 'GET /api/v1/audit/verify': result })
  const { user } = showScreen('/audit')
  await user.click(await screen.findByRole('button', { name: 'Verify now' }))
  expect(await screen.findByText(/65 events are linked without a gap, 44 of them/)).toHaveTextContent(
    '21 events wait for the next checkpoint',
  )
  server.on({ 'GET /api/v1/audit/verify': { ...result, verified: false, reason: 'event 2 was changed' } })
  await user.click(screen.getByRole('button', { name: 'Verify now' }))
  expect(await screen.findByText(/could not verify your chain: event 2 was changed/)).toBeVisible()
})

test('a tampered export is found in the browser', async () => {
  new FakeServer({ ...answers, 'GET /api/v1/audit/export': () => new Response('{"format":"x"}\n{}\n') })
  const { user } = showScreen('/audit')
  await user.click(await screen.findByRole('button', { name: 'Verify in this browser' }))
  expect(await screen.findByText(/Tampered: this chain was changed/)).toBeVisible()
  expect(screen.getByText(/Line 1\. A line is malformed\./)).toBeVisible()
})

test('chain and verifier are downloaded, and a refusal is shown', async () => {
  const names: string[] = []
  URL.createObjectURL = () => 'blob:x'
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function click(this: HTMLAnchorElement) {
    names.push(this.download)
  })
  const server = new FakeServer({
    ...answers,
    'GET /api/v1/audit/export': () => new Response('lines'),
    'GET /api/v1/audit/verifier': () => new Response('python'),
  })
  const { user } = showScreen('/audit')
  await user.click(await screen.findByRole('button', { name: 'Download my chain' }))
  expect(await screen.findByText('tradsy-audit.jsonl was downloaded.')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Download the verifier' }))
  expect(await screen.findByText('verifier.py was downloaded.')).toBeVisible()
  expect(names).toEqual(['tradsy-audit.jsonl', 'verifier.py'])
  server.on({ 'GET /api/v1/audit/export': () => problem(429, 'too_many_requests', 'Wait a little.') })
  await user.click(screen.getByRole('button', { name: 'Download my chain' }))
  expect(await screen.findByText('Wait a little.')).toBeVisible()
})

test('checkpoints open to their signed note', async () => {
  const server = new FakeServer(answers)
  const { user } = showScreen('/audit')
  const list = await screen.findByRole('list', { name: 'Signed checkpoints' })
  await user.click(within(list).getByText('45 events'))
  expect(await within(list).findByText(CHECKPOINT.root)).toBeVisible()
  await user.click(screen.getByLabelText('Only the first of each day'))
  await waitFor(() =>
    expect(server.requests('GET', '/api/v1/audit/checkpoints').at(-1)?.query.get('daily')).toBe('false'),
  )
  expect(await screen.findByText(KEY.public_key)).toBeVisible()
})
