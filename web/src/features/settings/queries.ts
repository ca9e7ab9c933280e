import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/me/sessions'))).items,
})

export const apiKeysQuery = queryOptions({
  queryKey: ['api-keys'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/me/api-keys'))).items,
})

export type Me = Schemas['MeRead']
export type Session = Schemas['SessionRead']
export type ApiKey = Schemas['ApiKeyRead']
export type Scope = ApiKey['scopes'][number]
