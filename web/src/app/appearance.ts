/** Theme, density and the colours of up and down: kept in this browser, set on the root element. */
export type Theme = 'light' | 'dark'
export type Density = 'comfortable' | 'compact'
export type Palette = 'green-red' | 'blue-orange' | 'red-up'

interface Appearance {
  theme: Theme
  density: Density
  palette: Palette
}

const STORED = 'tradsy.appearance'

export function readAppearance(): Appearance {
  const preferred: Theme = globalThis.matchMedia?.('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
  const fallback: Appearance = { theme: preferred, density: 'comfortable', palette: 'green-red' }
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Appearance>) }
  } catch {
    return fallback
  }
}

export function applyAppearance(change: Partial<Appearance> = {}): Appearance {
  const next = { ...readAppearance(), ...change }
  if (Object.keys(change).length > 0) localStorage.setItem(STORED, JSON.stringify(next))
  Object.assign(document.documentElement.dataset, next)
  for (const listener of listeners) listener()
  return next
}

const listeners = new Set<() => void>()

/** Calls `listener` after each change; returns what ends it. */
export function onAppearance(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
