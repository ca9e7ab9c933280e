import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeServer, FakeSocket, problem } from '@/test/server.ts'
import type { ServerMessage } from './messages.ts'
import { type Link, StreamClient } from './stream.ts'

let stream: StreamClient
let links: Link[]
let messages: ServerMessage[]

beforeEach(() => {
  vi.useFakeTimers()
  links = []
  messages = []
  stream = new StreamClient({ message: (m) => messages.push(m), link: (l) => links.push(l) })
})
afterEach(() => {
  stream.stop()
  vi.useRealTimers()
})

async function connected(): Promise<FakeSocket> {
  stream.start()
  await vi.advanceTimersByTimeAsync(0)
  const socket = FakeSocket.last
  if (!socket) throw new Error('no socket')
  socket.hello()
  return socket
}

test('a dropped connection goes on from the last cursor with a new ticket', async () => {
  const server = new FakeServer()
  const socket = await connected()
  socket.say({ type: 'heartbeat', data: {}, cursor: 42 })
  socket.close(1001)
  expect(stream.link.state).toBe('reconnecting')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(FakeSocket.last).not.toBe(socket)
  expect(new URL(FakeSocket.last?.url ?? '').searchParams.get('cursor')).toBe('42')
  expect(server.requests('POST', '/api/v1/realtime/tickets')).toHaveLength(2)
})

test('silence is shown as stale, and ends the connection when it lasts', async () => {
  new FakeServer()
  const socket = await connected()
  await vi.advanceTimersByTimeAsync(8_000)
  expect(stream.link.state).toBe('stale')
  await vi.advanceTimersByTimeAsync(14_000)
  expect(socket.readyState).toBe(3)
  expect(['reconnecting', 'connecting']).toContain(stream.link.state)
})

test('a missing frame is noticed and the connection begun anew', async () => {
  new FakeServer()
  const socket = await connected()
  socket.say({ type: 'heartbeat', data: {}, seq: 5 })
  expect(socket.readyState).toBe(3)
  expect(messages).toHaveLength(1)
})

test('an ended session ends the stream for good', async () => {
  const server = new FakeServer()
  const socket = await connected()
  socket.close(4401)
  expect(stream.link.state).toBe('ended')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(server.requests('POST', '/api/v1/realtime/tickets')).toHaveLength(1)
})

test('a refused ticket is tried again ever later, one without a session is not', async () => {
  const server = new FakeServer({ 'POST /api/v1/realtime/tickets': () => problem(503, 'unavailable') })
  stream.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(stream.link.attempt).toBeGreaterThanOrEqual(4)
  server.on({ 'POST /api/v1/realtime/tickets': () => problem(401, 'unauthenticated') })
  await vi.advanceTimersByTimeAsync(30_000)
  expect(stream.link.state).toBe('ended')
})

test('symbols are watched as long as anybody shows them, and again after a reconnect', async () => {
  new FakeServer()
  const socket = await connected()
  const leave = [stream.watch(['AAPL', 'MSFT']), stream.watch(['AAPL'])]
  leave[0]?.()
  await vi.advanceTimersByTimeAsync(0)
  expect(socket.sent.filter((m) => m.type === 'watch').at(-1)?.['symbols']).toEqual(['AAPL'])
  socket.close(1013)
  await vi.advanceTimersByTimeAsync(1_000)
  FakeSocket.last?.hello()
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSocket.last?.sent.filter((m) => m.type === 'watch').at(-1)?.['symbols']).toEqual(['AAPL'])
  leave[1]?.()
  leave[1]?.()
  await vi.advanceTimersByTimeAsync(0)
  expect(FakeSocket.last?.sent.filter((m) => m.type === 'watch').at(-1)?.['symbols']).toEqual([])
})
