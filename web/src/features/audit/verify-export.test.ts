import { expect, test } from 'vitest'
import { type Bytes, base64, hex, join, sha256, utf8 } from './bytes.ts'
import { canonicalEvent, eventHash, NO_HASH, uuidBytes } from './event-hash.ts'
import { nodeHash } from './signed-note.ts'
import { verifyExport } from './verify-export.ts'

const CHAIN = '01a1fb0d-1b82-7892-b79d-f1abb7113898'
const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
const PUBLIC = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
const ORIGIN = `tradsy/${hex(await sha256(PUBLIC)).slice(0, 16)}`

async function sign(lines: string[]): Promise<string> {
  const body = lines.map((line) => `${line}\n`).join('')
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(body)))
  const keyId = (await sha256(utf8(`${ORIGIN}\n`), Uint8Array.of(1), PUBLIC)).slice(0, 4)
  return `${body}\n\u2014 ${ORIGIN} ${base64(join(keyId, signature))}\n`
}

interface Options {
  /** How many of the four events no checkpoint covers yet. */
  waiting?: number
  change?: (lines: Record<string, unknown>[]) => void
}

/** Four own events at positions 1, 2, 4 and 5 of a tree of seven, of which 0, 3 and 6 are other users'. */
async function makeExport({ waiting = 0, change }: Options = {}): Promise<string> {
  const places = [1, 2, 4, 5]
  const events: Record<string, unknown>[] = []
  const leaves = new Map<number, Bytes>()
  let head = NO_HASH
  for (const [index, place] of places.entries()) {
    const at = `2026-11-20T09:30:0${index}Z`
    const canonical = utf8(
      canonicalEvent({
        at,
        actor: 'engine',
        action: 'order.filled',
        subject: `order:${index}`,
        data: { price: '1.5' },
      }),
    )
    const hash = await eventHash(uuidBytes(CHAIN), index + 1, head, canonical)
    const position = index < places.length - waiting ? place : null
    events.push({
      seq: index + 1,
      canonical: base64(canonical),
      prev_hash: base64(head),
      hash: base64(hash),
      position,
    })
    leaves.set(place, hash)
    head = hash
  }
  const leaf = async (place: number) =>
    sha256(Uint8Array.of(0), leaves.get(place) ?? (await sha256(utf8(`${place}`))))
  const all = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(leaf))
  const at = (place: number) => all[place] ?? NO_HASH
  const left = await nodeHash(await nodeHash(at(0), at(1)), await nodeHash(at(2), at(3)))
  const root = await nodeHash(left, await nodeHash(await nodeHash(at(4), at(5)), at(6)))
  const none = waiting === places.length
  const node = (place: number) => ({ first: place, past: place + 1, node: base64(at(place)) })
  const lines: Record<string, unknown>[] = [
    {
      format: 'tradsy-audit-export/1',
      chain_id: CHAIN,
      public_key: base64(PUBLIC),
      checkpoint: none ? null : await sign([ORIGIN, '7', base64(root)]),
    },
    ...events,
    ...(none ? [] : [node(0), node(3), node(6)]),
  ]
  change?.(lines)
  const above = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const digest = hex(await sha256(utf8(above)))
  const size = none ? '0' : '7'
  const statement = await sign([`${ORIGIN}/chain`, CHAIN, String(places.length), hex(head), size, digest])
  return `${above}${JSON.stringify({ statement })}\n`
}

const check = async (text: string, key?: string) => verifyExport(utf8(text), key)
const failures = async (text: string, key?: string) =>
  (await check(text, key)).findings
    .filter((finding) => finding.outcome === 'failed')
    .map((finding) => [finding.check, finding.why, finding.at])

test('a whole chain under a signed checkpoint is verified', async () => {
  const report = await check(await makeExport(), base64(PUBLIC))
  expect(report.findings.map((finding) => [finding.check, finding.outcome])).toEqual([
    ['format', 'passed'],
    ['key', 'passed'],
    ['links', 'passed'],
    ['checkpoint', 'passed'],
    ['statement', 'passed'],
    ['tree', 'passed'],
  ])
  expect(report).toMatchObject({ verdict: 'verified', chainId: CHAIN, events: 4, covered: 4, size: 7 })
})

test('events that no checkpoint covers yet are linked and signed for by the statement', async () => {
  const report = await check(await makeExport({ waiting: 4 }), base64(PUBLIC))
  expect(report).toMatchObject({ verdict: 'verified', covered: 0, size: 0 })
  expect(report.findings.at(-1)).toMatchObject({ check: 'tree', outcome: 'skipped', why: 'notCoveredYet' })
})

test('a changed event is named', async () => {
  const text = await makeExport({
    change: (lines) => {
      const event = lines[2]
      if (event) event['canonical'] = btoa('{"action":"order.rejected"}')
    },
  })
  expect(await failures(text)).toContainEqual(['links', 'changedEvent', 2])
  expect((await check(text)).verdict).toBe('tampered')
})

test('a broken link to the event before is named', async () => {
  const text = await makeExport({
    change: (lines) => {
      const event = lines[3]
      if (event) event['prev_hash'] = base64(NO_HASH)
    },
  })
  expect(await failures(text)).toContainEqual(['links', 'changedEvent', 3])
})

test('a missing event is named', async () => {
  const text = await makeExport({ change: (lines) => void lines.splice(2, 1) })
  expect(await failures(text)).toContainEqual(['links', 'missingEvent', 2])
})

test('a chain without its newest event is not what was signed', async () => {
  const lines = (await makeExport()).split('\n')
  lines.splice(4, 1)
  expect(await failures(lines.join('\n'))).toContainEqual(['statement', 'notWhatWasSigned', null])
})

test('an event in another place of the tree does not stand under the checkpoint', async () => {
  const text = await makeExport({
    change: (lines) => {
      const event = lines[4]
      if (event) event['position'] = 6
    },
  })
  expect((await check(text)).findings).toContainEqual(
    expect.objectContaining({ check: 'tree', outcome: 'failed', why: 'noProof' }),
  )
  const other = await makeExport({
    change: (lines) => {
      const node = lines[5]
      if (node) node['node'] = base64(NO_HASH)
    },
  })
  expect(await failures(other)).toEqual([['tree', 'notUnderCheckpoint', null]])
})

test('a given hash may not stand for own events', async () => {
  const text = await makeExport({
    change: (lines) => void lines.push({ first: 0, past: 7, node: base64(NO_HASH) }),
  })
  expect((await check(text)).verdict).toBe('verified')
})

test('a checkpoint with another root or size has no valid signature', async () => {
  const text = await makeExport({
    change: ([header]) => {
      if (header) header['checkpoint'] = String(header['checkpoint']).replace('\n7\n', '\n8\n')
    },
  })
  expect(await failures(text)).toContainEqual(['checkpoint', 'badSignature', null])
})

test('another key than the known one, and signatures under another key, are refused', async () => {
  expect(await failures(await makeExport(), base64(NO_HASH))).toEqual([['key', 'otherKey', null]])
  const text = await makeExport({
    change: ([header]) => {
      if (header) header['public_key'] = base64(new Uint8Array(32).fill(7))
    },
  })
  expect(await failures(text)).toEqual([
    ['checkpoint', 'badSignature', null],
    ['statement', 'badSignature', null],
  ])
})

test('a file that is cut off, reordered or written in another way is refused', async () => {
  const text = await makeExport()
  expect(await failures(text.slice(0, -1))).toEqual([['format', 'cutOff', null]])
  expect(await failures(text.replace('"seq":1', '"seq": 1'))).toEqual([['format', 'malformed', 2]])
  expect(await failures(text.replace('"seq":1,', '"seq":1,"seq":1,'))).toEqual([['format', 'malformed', 2]])
  const [header, ...rest] = text.split('\n')
  expect(await failures([...rest.slice(0, 1), header, ...rest.slice(1)].join('\n'))).toEqual([
    ['format', 'malformed', 1],
  ])
  expect(await failures('')).toEqual([['format', 'cutOff', null]])
})

test('one flipped character anywhere is found', async () => {
  const text = await makeExport()
  for (let at = 0; at < text.length; at += 97) {
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    expect((await check(changed)).verdict, `character ${at}`).toBe('tampered')
  }
})
