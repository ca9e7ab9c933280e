import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'

export type OrderCreate = Schemas['OrderCreate']
export type OrderPreview = Schemas['OrderPreview']
export type Capabilities = Schemas['CapabilitiesRead']
export type Instrument = Schemas['InstrumentRead']

const FOUND = 20

export function instrumentsQuery(text: string) {
  return queryOptions({
    queryKey: ['instruments', text],
    queryFn: async () =>
      (await unwrap(api.GET('/api/v1/instruments', { params: { query: { query: text, limit: FOUND } } })))
        .items,
    staleTime: 60_000,
  })
}
