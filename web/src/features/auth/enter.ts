import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'

/** Goes on into the app as whoever has just signed in; nothing of who was there before is kept. */
export function useEnter(): (path: string) => Promise<void> {
  const client = useQueryClient()
  const router = useRouter()
  return useCallback(
    async (path) => {
      client.clear()
      await router.navigate({ href: path, replace: true })
    },
    [client, router],
  )
}
