/**
 * Checks an exported chain in the browser, as `verifier.py` does: each event's hash is computed anew and linked to the
 * one before, the whole file is compared with the statement signed over it, the events are placed in the Merkle tree
 * (RFC 9162), and the tree's root is compared with the signed checkpoint. Nothing here asks the server.
 */
import { type Bytes, fromBase64, hex, join, same, sha256 } from './bytes.ts'
import { eventHash, NO_HASH, uuidBytes } from './event-hash.ts'
import { nodeHash, openNote, readCheckpoint } from './signed-note.ts'

const FORMAT = 'tradsy-audit-export/1'
const KEYS = {
  header: 'format,chain_id,public_key,checkpoint',
  event: 'seq,canonical,prev_hash,hash,position',
  node: 'first,past,node',
  footer: 'statement',
} as const
type Kind = keyof typeof KEYS
type Line = Record<string, unknown>

export type CheckName = 'format' | 'key' | 'links' | 'statement' | 'checkpoint' | 'tree'
export type Why =
  | 'malformed'
  | 'cutOff'
  | 'otherKey'
  | 'missingEvent'
  | 'changedEvent'
  | 'impossiblePosition'
  | 'badSignature'
  | 'noEd25519'
  | 'notWhatWasSigned'
  | 'notUnderCheckpoint'
  | 'noProof'
  | 'notCoveredYet'
  | 'earlierFailed'
  | 'noKeyGiven'

export interface Finding {
  check: CheckName
  outcome: 'passed' | 'failed' | 'skipped'
  why: Why | null
  /** The event, or for `format` the line, where it was found. */
  at: number | null
}

export interface ChainReport {
  verdict: 'verified' | 'tampered' | 'unproven'
  findings: Finding[]
  chainId: string
  events: number
  covered: number
  size: number
  publicKey: string
}

class Broken extends Error {
  readonly why: Why
  readonly at: number | null
  constructor(why: Why, at: number | null = null) {
    super(why)
    this.why = why
    this.at = at
  }
}

/** Checks the export; `knownKey` is the public key in base64 that is believed, without it the file's own is. */
export async function verifyExport(data: Uint8Array, knownKey?: string): Promise<ChainReport> {
  const report: ChainReport = {
    verdict: 'tampered',
    findings: [],
    chainId: '',
    events: 0,
    covered: 0,
    size: 0,
    publicKey: '',
  }
  const say = (
    check: CheckName,
    outcome: Finding['outcome'],
    why: Why | null = null,
    at: number | null = null,
  ) => report.findings.push({ check, outcome, why, at })
  const attempt = async <T>(check: CheckName, act: () => Promise<T>): Promise<T | null> => {
    try {
      return await act()
    } catch (error) {
      const broken = error instanceof Broken ? error : new Broken('malformed')
      say(check, 'failed', broken.why, broken.at)
      return null
    }
  }

  const file = await attempt('format', async () => readFile(data))
  if (file === null) return report
  report.chainId = file.chainId
  report.events = file.events.length
  report.publicKey = file.keyText
  say('format', 'passed')
  if (knownKey === undefined) say('key', 'skipped', 'noKeyGiven')
  else if (knownKey === file.keyText) say('key', 'passed')
  else say('key', 'failed', 'otherKey')

  const chain = await attempt('links', () => checkLinks(file.chain, file.events))
  if (chain) {
    report.covered = chain.leaves.size
    say('links', 'passed')
  }

  let checkpoint: { size: number; root: Bytes } | null = null
  let origin = ''
  if (file.checkpoint === null) {
    say('checkpoint', 'skipped', 'notCoveredYet')
  } else {
    const text = file.checkpoint
    await attempt('checkpoint', async () => {
      const opened = await openNote(text, file.key)
      checkpoint = opened.outcome === 'failed' ? null : readCheckpoint(opened.note)
      if (opened.outcome === 'failed' || checkpoint === null) throw new Broken('badSignature')
      origin = opened.note.origin
      report.size = checkpoint.size
      say('checkpoint', opened.outcome, opened.outcome === 'skipped' ? 'noEd25519' : null)
    })
  }

  await attempt('statement', async () => {
    const opened = await openNote(file.statement, file.key)
    if (opened.outcome === 'failed') throw new Broken('badSignature')
    const digest = hex(await sha256(file.signedPart))
    const expected = [
      file.chainId,
      String(file.events.length),
      chain === null ? null : hex(chain.head),
      String(report.size),
      digest,
    ]
    const name = origin || (opened.note.origin.split('/chain')[0] ?? '')
    const matches =
      opened.note.origin === `${name}/chain` &&
      opened.note.lines.length === expected.length &&
      expected.every((line, at) => line === opened.note.lines[at])
    if (!matches) throw new Broken('notWhatWasSigned')
    say('statement', opened.outcome, opened.outcome === 'skipped' ? 'noEd25519' : null)
  })

  if (file.checkpoint === null && chain !== null && chain.leaves.size === 0)
    say('tree', 'skipped', 'notCoveredYet')
  else if (chain === null || (file.checkpoint !== null && checkpoint === null))
    say('tree', 'skipped', 'earlierFailed')
  else
    await attempt('tree', async () => {
      await checkTree(chain.leaves, file.nodes, checkpoint)
      say('tree', 'passed')
    })

  report.verdict = verdict(report.findings)
  return report
}

function verdict(findings: readonly Finding[]): ChainReport['verdict'] {
  if (findings.some((finding) => finding.outcome === 'failed')) return 'tampered'
  return findings.some((finding) => finding.why === 'noEd25519') ? 'unproven' : 'verified'
}

interface ExportFile {
  chainId: string
  chain: Bytes
  key: Bytes
  keyText: string
  checkpoint: string | null
  statement: string
  events: Line[]
  nodes: Line[]
  /** All lines but the last: what the statement was signed over. */
  signedPart: Uint8Array
}

function readFile(data: Uint8Array): ExportFile {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length < 2) throw new Broken('cutOff')
  const parsed = lines.map((line, at) => parseLine(line, at + 1, lines.length))
  const header = parsed[0]?.entry ?? {}
  const footer = parsed.at(-1)?.entry ?? {}
  const { chain_id: chainId, public_key: keyText, checkpoint } = header
  const statement = footer['statement']
  if (header['format'] !== FORMAT || typeof chainId !== 'string' || typeof keyText !== 'string') {
    throw new Broken('malformed', 1)
  }
  if (typeof statement !== 'string' || (checkpoint !== null && typeof checkpoint !== 'string')) {
    throw new Broken('malformed', typeof statement === 'string' ? 1 : lines.length)
  }
  const of = (kind: Kind) => parsed.filter((line) => line.kind === kind).map((line) => line.entry)
  return {
    chainId,
    chain: uuidBytes(chainId),
    key: fromBase64(keyText, 32),
    keyText,
    // An empty text is no checkpoint, as for the stand-alone verifier.
    checkpoint: checkpoint || null,
    statement,
    events: of('event'),
    nodes: of('node'),
    signedPart: data.slice(0, data.lastIndexOf(10, data.length - 2) + 1),
  }
}

/** A line that could be written in another way is refused, so that the signed bytes have one reading. */
function parseLine(line: string, number: number, count: number): { kind: Kind; entry: Line } {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    throw new Broken('malformed', number)
  }
  if (typeof entry !== 'object' || entry === null || JSON.stringify(entry) !== line) {
    throw new Broken('malformed', number)
  }
  const names = Object.keys(entry).join()
  const kind = (Object.keys(KEYS) as Kind[]).find((name) => KEYS[name] === names)
  if (!kind || (kind === 'header') !== (number === 1) || (kind === 'footer') !== (number === count)) {
    throw new Broken('malformed', number)
  }
  return { kind, entry: entry as Line }
}

async function checkLinks(
  chain: Bytes,
  events: readonly Line[],
): Promise<{ head: Bytes; leaves: Map<number, Bytes> }> {
  let head = NO_HASH
  let last = -1
  const leaves = new Map<number, Bytes>()
  for (const [index, event] of events.entries()) {
    const seq = index + 1
    if (event['seq'] !== seq) throw new Broken('missingEvent', seq)
    const position = event['position']
    const digest = await eventHash(chain, seq, head, fromBase64(event['canonical']))
    if (!same(fromBase64(event['prev_hash']), head) || !same(fromBase64(event['hash']), digest)) {
      throw new Broken('changedEvent', seq)
    }
    head = digest
    if (position === null) continue
    // Positions grow with the chain, so only its newest events may still wait for a checkpoint.
    if (!Number.isSafeInteger(position) || Number(position) <= last || leaves.size !== index) {
      throw new Broken('impossiblePosition', seq)
    }
    last = Number(position)
    leaves.set(last, digest)
  }
  return { head, leaves }
}

async function checkTree(
  leaves: ReadonlyMap<number, Bytes>,
  lines: readonly Line[],
  checkpoint: { size: number; root: Bytes } | null,
): Promise<void> {
  const nodes = new Map<string, Bytes>()
  for (const { first, past, node } of lines) nodes.set(`${first}-${past}`, fromBase64(node, 32))
  const positions = [...leaves.keys()]
  const size = checkpoint?.size ?? 0
  if ((positions.at(-1) ?? -1) >= size) throw new Broken('notUnderCheckpoint')

  // A given hash never stands for own events: these are always hashed from what the file shows.
  const root = async (first: number, past: number): Promise<Bytes> => {
    const own = holds(positions, first, past)
    const given = own ? undefined : nodes.get(`${first}-${past}`)
    if (given) return given
    if (past - first === 1) {
      const leaf = leaves.get(first)
      if (!leaf) throw new Broken('noProof')
      return sha256(join(Uint8Array.of(0), leaf))
    }
    const middle = first + largestPowerBelow(past - first)
    return nodeHash(await root(first, middle), await root(middle, past))
  }
  if (checkpoint && !same(await root(0, size), checkpoint.root)) throw new Broken('notUnderCheckpoint')
}

/** Whether one of the sorted positions is in [first, past). */
function holds(positions: readonly number[], first: number, past: number): boolean {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((positions[middle] ?? 0) < first) low = middle + 1
    else high = middle
  }
  const next = positions[low]
  return next !== undefined && next < past
}

function largestPowerBelow(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}
