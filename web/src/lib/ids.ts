/** Returns a fresh Idempotency-Key: made when a form opens, so that a second press cannot act twice. */
export function newKey(): string {
  return crypto.randomUUID()
}
