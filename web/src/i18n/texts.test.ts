import { expect, test } from 'vitest'
import { type Feature, LANGUAGES } from './messages.ts'
import { texts } from './texts.ts'

const FEATURES: readonly Feature[] = [
  'admin',
  'audit',
  'auth',
  'chart',
  'connections',
  'follows',
  'home',
  'kill',
  'onboarding',
  'orders',
  'positions',
  'risk',
  'settings',
  'signals',
  'trade',
]

function leaves(node: object, path = ''): string[] {
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === 'string' ? [`${path}${name}`] : leaves(value as object, `${path}${name}.`),
  )
}

test.each(LANGUAGES)('every feature has all of its texts in %s, and none is empty', async (language) => {
  await texts.choose('en')
  await texts.ensure(...FEATURES)
  const english = leaves(texts.read().messages)
  await texts.choose(language)
  expect(texts.read().language).toBe(language)
  expect(leaves(texts.read().messages)).toEqual(english)
  expect(JSON.stringify(texts.read().messages)).not.toContain(':""')
})

test('the choice is kept, and what was loaded changes with it', async () => {
  await texts.ensure('kill')
  await texts.choose('de')
  expect(localStorage.getItem('tradsy.language')).toBe('de')
  expect(texts.read().messages.kill.press).toBe('Jetzt stoppen')
  expect(texts.read().messages.app.home).toBe('Start')
})
