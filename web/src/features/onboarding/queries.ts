import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from '@/api/client.ts'

export type DocumentName = Schemas['DocumentRead']['document']
export type Onboarding = Schemas['OnboardingRead']

export const DOCUMENTS: readonly DocumentName[] = ['disclaimer', 'terms']

export function documentQuery(document: DocumentName) {
  return queryOptions({
    queryKey: ['legal', document],
    queryFn: () => unwrap(api.GET('/api/v1/legal/{document}', { params: { path: { document } } })),
    staleTime: 60_000,
  })
}

/** Whether the person has limits of their own; starting limits can be chosen only before. */
export const ownLimitsQuery = queryOptions({
  queryKey: ['risk', 'own-limits'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/risk/limits'))).layers.some((layer) => layer.scope === 'user'),
})

/** Returns when the current version of a text was accepted, null when it was not. */
export function acceptedAt(onboarding: Onboarding, document: DocumentName): string | null {
  const version = onboarding.current[document]
  const consent = onboarding.consents.findLast(
    (each) => each.document === document && each.version === version,
  )
  return consent?.accepted_at ?? null
}
