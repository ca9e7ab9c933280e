/** Bytes, base64 with exactly one spelling, and hashes of the browser's own cryptography. */

export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()

export function utf8(text: string): Bytes {
  return new Uint8Array(encoder.encode(text))
}

export function join(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function fromHex(text: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new RangeError('not hexadecimal')
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** Decodes base64; another spelling of the same bytes is refused, for it would let a file differ unnoticed. */
export function fromBase64(text: unknown, length?: number): Bytes {
  if (typeof text !== 'string') throw new RangeError('not a text')
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  if (base64(bytes) !== text || (length !== undefined && bytes.length !== length)) {
    throw new RangeError('not canonical base64 of the right length')
  }
  return bytes
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', join(...parts)))
}

/** Whether this page may use cryptography at all: browsers give it to https and localhost only. */
export function canHash(): boolean {
  return typeof crypto !== 'undefined' && typeof crypto.subtle !== 'undefined'
}
