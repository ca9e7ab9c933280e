/** The page's colours for a canvas, which knows no CSS variables. */
import { useEffect, useState } from 'react'

const TOKENS = {
  surface: '--surface',
  grid: '--line',
  axis: '--line-strong',
  text: '--ink3',
  strong: '--ink2',
  accent: '--accent',
  up: '--up',
  down: '--down',
  simple: '--warn',
  exponential: '--focus',
} as const

export type Theme = Record<keyof typeof TOKENS, string>

const FALLBACK = '#808080'

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement)
  const entries = Object.entries(TOKENS).map(([name, token]) => [
    name,
    style.getPropertyValue(token).trim() || FALLBACK,
  ])
  return Object.fromEntries(entries) as Theme
}

/** Returns the colours now, and again whenever theme or palette change. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(readTheme)
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(readTheme()))
    observer.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ['data-theme', 'data-palette'],
    })
    return () => observer.disconnect()
  }, [])
  return theme
}
