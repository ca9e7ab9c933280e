/** Filters and order of a table live in the address, so that it can be shared and the way back keeps them. */
import { useLocation, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'

type Search = Record<string, unknown>

/** Returns the named parts of the address's search, empty where absent, and a way to change some of them. */
export function useUrlSearch<Name extends string>(
  names: readonly Name[],
): [Record<Name, string>, (change: Partial<Record<Name, string>>) => void] {
  const search = useLocation({ select: (location) => location.search as Search })
  const navigate = useNavigate()
  const values = Object.fromEntries(names.map((name) => [name, text(search[name])])) as Record<Name, string>
  const change = useCallback(
    (parts: Partial<Record<Name, string>>) =>
      void navigate({
        to: '.',
        search: ((old: Search) => changed(old, parts as Record<string, string>)) as never,
        replace: true,
      }),
    [navigate],
  )
  return [values, change]
}

/** The router reads figures and truth values out of an address; here everything is text. */
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}

/** Puts `parts` over a search; an empty part leaves it. */
export function changed(old: Search, parts: Record<string, string>): Search {
  return Object.fromEntries(Object.entries({ ...old, ...parts }).filter(([, value]) => value !== ''))
}
