import { useLocation } from '@tanstack/react-router'

/** Returns the token of a mailed link: behind `#`, which no server and no log sees, or as `?token=`. */
export function useLinkToken(): string | null {
  const { hash, searchStr } = useLocation()
  const token =
    new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? new URLSearchParams(searchStr).get('token')
  return token || null
}
