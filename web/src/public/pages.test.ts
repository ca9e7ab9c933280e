import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layout } from './layout.ts'
import { PAGES } from './pages.ts'

const STYLES = '/assets/site-00000000.css'
const rendered = PAGES.map((page) => [page.path, layout(page, PAGES, STYLES)] as const)

/** What is served beside the public pages. */
const OTHERS = new Set([
  '/app/sign-in',
  '/app/sign-up',
  '/health',
  '/readyz',
  '/api/v1/legal/disclaimer',
  '/api/v1/legal/terms',
  '/favicon.svg',
  STYLES,
])

test.each(rendered)('%s is a whole page without script or inline style', (path, html) => {
  const page = new DOMParser().parseFromString(html, 'text/html')
  expect(page.querySelectorAll('script, style, [style], [onclick]')).toHaveLength(0)
  expect(page.querySelectorAll('h1')).toHaveLength(1)
  for (const landmark of ['header', 'main', 'footer']) {
    expect(page.querySelectorAll(landmark)).toHaveLength(1)
  }
  expect(page.documentElement.lang).toBe('en')
  expect(page.querySelector('link[rel=canonical]')?.getAttribute('href')).toBe(path)
  expect(page.querySelector('meta[name=description]')?.getAttribute('content')?.length).toBeGreaterThan(40)
  expect(page.querySelectorAll('meta[name=theme-color]')).toHaveLength(2)
  expect(page.querySelector('a')?.getAttribute('href')).toBe('#content')
  expect(page.getElementById('content')?.tagName).toBe('MAIN')
})

test.each(rendered)('every link of %s leads somewhere', (_, html) => {
  const page = new DOMParser().parseFromString(html, 'text/html')
  const served = new Set([...PAGES.map(({ path }) => path), ...OTHERS])
  for (const link of page.querySelectorAll('[href], [src]')) {
    const target = link.getAttribute('href') ?? link.getAttribute('src') ?? ''
    expect(target === '#content' || served.has(target), target).toBe(true)
  }
})

test('titles differ, and brokers that do not work are said not to', () => {
  expect(new Set(PAGES.map(({ title }) => title)).size).toBe(PAGES.length)
  const brokers = new DOMParser().parseFromString(rendered[1]?.[1] ?? '', 'text/html')
  const rows = Array.from(brokers.querySelectorAll('tbody tr'), (row) => row.textContent ?? '')
  expect(rows.filter((row) => row.includes('Not available yet'))).toHaveLength(6)
  expect(rows.filter((row) => row.includes('Works'))).toHaveLength(1)
})

test('the style sheet defines every class that is used', () => {
  const styles = readFileSync('src/public/site.css', 'utf8')
  for (const [, html] of rendered) {
    for (const [, names = ''] of html.matchAll(/class="([^"]+)"/g)) {
      for (const name of names.split(' ')) expect(styles).toContain(`.${name}`)
    }
  }
})
