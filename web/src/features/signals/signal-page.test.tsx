import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, problem } from '@/test/server.ts'
import { DETAIL } from './fixtures.ts'
import { cut } from './marked-text.tsx'

test('a signal shows its words marked as text, what was understood, and the plan to decide', async () => {
  const server = new FakeServer({
    'GET /api/v1/signals/s1': DETAIL,
    'POST /api/v1/plans/p1/ignore': { ...DETAIL.own_plans[0], state: 'ignored' },
  })
  const { user } = showScreen('/signals/s1')
  await screen.findByRole('region', { name: 'What was understood' })
  const message = screen.getByRole('region', { name: 'Message' })
  const marks = [...message.querySelectorAll('mark')].map((mark) => mark.firstChild?.textContent)
  expect(marks).toEqual(['Buy', 'AAPL'])
  expect(message).toHaveTextContent('<b>now</b>')
  expect(message.querySelector('b')).toBeNull()
  const legend = within(message).getByRole('list', { name: 'What was read where' })
  expect(legend).toHaveTextContent('Action: Buy')
  const story = screen.getByRole('region', { name: 'Where it came from' })
  expect(story).toHaveTextContent('94 %')
  expect(story).toHaveTextContent('The verb is an everyday word, not an order code.')
  expect(screen.getByRole('region', { name: 'What was understood' })).toHaveTextContent('Stop loss185')
  expect(screen.getByRole('link', { name: 'Timeline' })).toHaveAttribute('href', '/app/traces/t1')
  await user.click(screen.getByRole('button', { name: 'Ignore: Buy 10 AAPL' }))
  expect(await screen.findByText(/Ignored: Buy 10 AAPL\./)).toBeVisible()
  await waitFor(() => expect(server.requests('GET', '/api/v1/signals/s1').length).toBeGreaterThan(1))
})

test('a message that nobody follows and nothing was read from says so', async () => {
  new FakeServer({
    'GET /api/v1/signals/s1': {
      ...DETAIL,
      intent: null,
      state: 'ignored',
      confidence: '0',
      reasons: ['brag'],
      spans: [],
      own_plans: [],
    },
  })
  showScreen('/signals/s1')
  expect(await screen.findByText('No trade was read from this message.')).toBeVisible()
  expect(screen.getByText(/None of your accounts follows this source/)).toBeVisible()
  expect(screen.getByText('A result is shown off; nothing is to be done.')).toBeVisible()
})

test('a signal that is not there says so', async () => {
  new FakeServer({
    'GET /api/v1/signals/s1': () => problem(404, 'signal_not_found', 'There is no such signal'),
  })
  showScreen('/signals/s1')
  expect(await screen.findByRole('alert')).toHaveTextContent('There is no such signal')
})

test('places count whole characters, and overlaps are dropped', () => {
  const pieces = cut('🚀🚀 Buy it', [
    { field: 'action', start: 3, end: 6 },
    { field: 'symbol', start: 5, end: 8 },
    { field: 'price', start: 8, end: 99 },
  ])
  expect(pieces.map(({ text, field }) => [text, field])).toEqual([
    ['🚀🚀 ', null],
    ['Buy', 'action'],
    [' it', null],
  ])
})
