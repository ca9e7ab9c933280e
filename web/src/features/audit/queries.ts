import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '@/api/client.ts'

export const keyQuery = queryOptions({
  queryKey: ['audit', 'key'],
  queryFn: () => unwrap(api.GET('/api/v1/audit/key')),
  staleTime: 60_000,
})

/** The whole chain with its proofs; the server records that it was taken. */
export async function takeChain(): Promise<Uint8Array> {
  return new Uint8Array(await unwrap(api.GET('/api/v1/audit/export', { parseAs: 'arrayBuffer' })))
}

export async function takeVerifier(): Promise<Uint8Array> {
  return new Uint8Array(await unwrap(api.GET('/api/v1/audit/verifier', { parseAs: 'arrayBuffer' })))
}

/** Hands a file to the browser's downloads. */
export function saveFile(name: string, body: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([new Uint8Array(body)]))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser may start to read after the click returns.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
