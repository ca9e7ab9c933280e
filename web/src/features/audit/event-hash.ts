/** The exact bytes of an event and the hash that links it into its chain, as `docs/reference/audit.md` lays down. */
import { type Bytes, join, sha256, utf8 } from './bytes.ts'

const DOMAIN = utf8('tradsy/audit/event/v1\n')
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const NO_HASH: Bytes = new Uint8Array(32)

/** Returns the 16 bytes of a UUID in its usual spelling. */
export function uuidBytes(id: string): Bytes {
  if (!UUID.test(id)) throw new RangeError('not a UUID')
  return Uint8Array.from(id.replaceAll('-', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** SHA-256(0x00 || domain || chain id || seq, 8 bytes big-endian || previous hash || canonical bytes). */
export function eventHash(
  chainId: Uint8Array,
  seq: number,
  previous: Uint8Array,
  canonical: Uint8Array,
): Promise<Bytes> {
  const place = new Uint8Array(8)
  new DataView(place.buffer).setBigUint64(0, BigInt(seq))
  return sha256(join(Uint8Array.of(0), DOMAIN, chainId, place, previous, canonical))
}

/** Returns RFC 8785 JSON for the values that an event may hold: no fractions, keys of ASCII. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** Writes a time as it was hashed: UTC with microseconds. */
export function hashedTime(at: string): string {
  const [, seconds, fraction = ''] = /^(.{19})(?:\.(\d{1,6}))?(?:Z|\+00:00)$/.exec(at) ?? []
  if (seconds === undefined) throw new RangeError('not a UTC time')
  return `${seconds}.${fraction.padEnd(6, '0')}Z`
}

interface Shown {
  at: string
  actor: string
  action: string
  subject: string
  data: Record<string, unknown>
}

/** Returns the text whose bytes were hashed for an event that the API shows. */
export function canonicalEvent({ at, actor, action, subject, data }: Shown): string {
  return canonicalJson({ action, actor, at: hashedTime(at), data, subject })
}
