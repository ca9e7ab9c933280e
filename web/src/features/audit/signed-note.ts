/** Signed notes (C2SP signed-note, tlog-checkpoint): a text anyone can keep, and the Ed25519 signature under it. */
import { type Bytes, fromBase64, join, same, sha256, utf8 } from './bytes.ts'

export interface Note {
  origin: string
  lines: string[]
}

export type NoteResult =
  | { outcome: 'passed'; note: Note }
  | { outcome: 'failed'; note: Note | null }
  /** This browser has no Ed25519: the text is read, but believed by nobody. */
  | { outcome: 'skipped'; note: Note }

/** `failed` where no signature of the key is under the text. */
export async function openNote(text: string, publicKey: Bytes): Promise<NoteResult> {
  const end = text.indexOf('\n\n')
  if (end < 0 || !text.endsWith('\n')) return { outcome: 'failed', note: null }
  const body = text.slice(0, end)
  const [origin = '', ...lines] = body.split('\n')
  const name = origin.split('/chain')[0] ?? ''
  const note = { origin, lines }
  const keyId = (await sha256(utf8(`${name}\n`), Uint8Array.of(1), publicKey)).slice(0, 4)
  for (const line of text.slice(end + 2).split('\n')) {
    const [dash, signer, encoded, ...rest] = line.split(' ')
    if (dash !== '\u2014' || signer !== name || rest.length > 0) continue
    const signature = fromBase64(encoded, 68)
    if (!same(signature.slice(0, 4), keyId)) continue
    const valid = await verifySignature(publicKey, utf8(`${body}\n`), signature.slice(4))
    if (valid === null) return { outcome: 'skipped', note }
    if (valid) return { outcome: 'passed', note }
  }
  return { outcome: 'failed', note }
}

/** Null where this browser cannot check Ed25519. */
async function verifySignature(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean | null> {
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return null
    return false
  }
}

/** Returns size and root of a checkpoint's lines; null where it is none. */
export function readCheckpoint({ origin, lines }: Note): { size: number; root: Bytes } | null {
  const [size = '', root] = lines
  if (origin.includes('/chain') || !/^[1-9][0-9]*$/.test(size) || root === undefined) return null
  const count = Number(size)
  return Number.isSafeInteger(count) ? { size: count, root: fromBase64(root, 32) } : null
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(join(Uint8Array.of(1), left, right))
}
