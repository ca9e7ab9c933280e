/** One definition per question to the server, for loaders, components and the socket alike. */
import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, unwrap } from './client.ts'

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => unwrap(api.GET('/api/v1/me')),
  staleTime: 60_000,
})

export const onboardingQuery = queryOptions({
  queryKey: ['onboarding'],
  queryFn: () => unwrap(api.GET('/api/v1/me/onboarding')),
  staleTime: 60_000,
})

export const portfolioQuery = queryOptions({
  queryKey: ['portfolio'],
  queryFn: () => unwrap(api.GET('/api/v1/portfolio')),
})

export const positionsQuery = queryOptions({
  queryKey: ['positions'],
  queryFn: () => unwrap(api.GET('/api/v1/positions')),
})

export const openOrdersQuery = queryOptions({
  queryKey: ['orders', 'open'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/orders', { params: { query: { state: 'open', limit: 200 } } }))).items,
})

export const pendingPlansQuery = queryOptions({
  queryKey: ['plans', 'pending'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/plans', { params: { query: { state: 'pending', limit: 200 } } }))).items,
})

export const killsQuery = queryOptions({
  queryKey: ['kills'],
  queryFn: () => unwrap(api.GET('/api/v1/kills')),
})

export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: async () =>
    (await unwrap(api.GET('/api/v1/accounts', { params: { query: { limit: 200 } } }))).items,
  staleTime: 30_000,
})

export function capabilitiesQuery(accountId: string) {
  return queryOptions({
    queryKey: ['accounts', accountId, 'capabilities'],
    queryFn: () =>
      unwrap(
        api.GET('/api/v1/accounts/{account_id}/capabilities', {
          params: { path: { account_id: accountId } },
        }),
      ),
    staleTime: 300_000,
    enabled: accountId !== '',
  })
}

export type Order = Schemas['OrderRead']
export type Plan = Schemas['PlanRead']
export type Position = Schemas['PositionRead']
export type Portfolio = Schemas['PortfolioRead']
export type Kill = Schemas['KillRead']
