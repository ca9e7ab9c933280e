import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, json, page, problem } from '@/test/server.ts'

const VERSION = { disclaimer: '2026-11-20-aaaaaaaaaaaa', terms: '2026-11-20-bbbbbbbbbbbb' }
const NEW = {
  may_trade: false,
  experience: null,
  risk_tolerance: null,
  consents: [] as object[],
  current: VERSION,
}
const LIMITS = { config_hash: 'x', limits: [], layers: [] as object[] }
const CONSENTS = '/api/v1/me/onboarding/consents'

function legal(document: 'disclaimer' | 'terms', version = VERSION[document]) {
  return {
    document,
    version,
    sha256: 'f'.repeat(64),
    text: `THE ${document}\n\n1. You can <b>lose</b>\nmoney.\n`,
  }
}

function server(answers = {}) {
  return new FakeServer({
    'GET /api/v1/me/onboarding': NEW,
    'GET /api/v1/legal/disclaimer': legal('disclaimer'),
    'GET /api/v1/legal/terms': legal('terms'),
    'GET /api/v1/risk/limits': LIMITS,
    'GET /api/v1/accounts': page([]),
    ...answers,
  })
}

test('a text is shown as plain text, in a region for the keyboard, and accepted in its very version', async () => {
  const consented = {
    ...NEW,
    consents: [{ document: 'disclaimer', version: VERSION.disclaimer, accepted_at: '2026-11-27T10:00:00Z' }],
  }
  let known: object = NEW
  const fake = server({
    'GET /api/v1/me/onboarding': () => known,
    [`POST ${CONSENTS}`]: () => {
      known = consented
      return known
    },
  })
  const { user } = showScreen('/onboarding')
  expect(await screen.findByRole('heading', { level: 1, name: 'Getting started' })).toBeVisible()
  const panel = await screen.findByRole('region', { name: 'Risk disclosure' })
  const text = await within(panel).findByText('1. You can <b>lose</b> money.')
  expect(text.parentElement).toHaveAttribute('tabindex', '0')
  const accept = within(panel).getByRole('button', { name: 'Accept' })
  expect(accept).toBeDisabled()
  await user.click(within(panel).getByRole('checkbox', { name: /version 2026-11-20-aaaaaaaaaaaa/ }))
  await user.click(accept)
  expect(await within(panel).findByText('Your consent is stored.')).toBeVisible()
  expect(within(panel).getByText(/You accepted this version/)).toHaveTextContent('Nov 27, 2026')
  const [sent] = fake.requests('POST', CONSENTS)
  expect(sent?.body).toEqual({ disclaimer: VERSION.disclaimer })
  expect(sent?.headers.get('idempotency-key')).toBeTruthy()
  const steps = screen.getByRole('region', { name: 'Steps' })
  expect(within(steps).getAllByText('Done')).toHaveLength(1)
})

test('a text that has changed meanwhile is shown anew and not accepted', async () => {
  let version = VERSION.terms
  server({
    'GET /api/v1/legal/terms': () => legal('terms', version),
    [`POST ${CONSENTS}`]: () => {
      version = '2026-12-01-cccccccccccc'
      return problem(409, 'outdated_document')
    },
  })
  const { user } = showScreen('/onboarding')
  await user.click(await screen.findByRole('checkbox', { name: /terms of use, version 2026-11-20/ }))
  const [, accept] = screen.getAllByRole('button', { name: 'Accept' })
  if (!accept) throw new Error('no button')
  await user.click(accept)
  expect(await screen.findByRole('checkbox', { name: /terms of use, version 2026-12-01/ })).not.toBeChecked()
})

test('a profile is saved, and the starting limits follow from it', async () => {
  let known = { ...NEW, experience: 'none' as string | null, risk_tolerance: null as string | null }
  let layers: object[] = []
  const fake = server({
    'GET /api/v1/me/onboarding': () => known,
    'PUT /api/v1/me/onboarding': () => {
      known = { ...known, experience: 'some', risk_tolerance: 'cautious' }
      return known
    },
    'GET /api/v1/risk/limits': () => ({ ...LIMITS, layers }),
    'POST /api/v1/risk/limits/starting': () => {
      layers = [{ scope: 'user' }]
      return json({ scope: 'user' }, 201)
    },
  })
  const { user } = showScreen('/onboarding')
  const experience = await screen.findByLabelText('Experience in trading')
  expect(experience).toHaveValue('none')
  expect(await screen.findByText(/Save your risk tolerance first/)).toBeVisible()
  await user.selectOptions(experience, 'Some trades')
  await user.click(screen.getByRole('radio', { name: /Cautious/ }))
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Your profile is saved.')).toBeVisible()
  expect(fake.requests('PUT', '/api/v1/me/onboarding')[0]?.body).toEqual({
    experience: 'some',
    risk_tolerance: 'cautious',
  })
  await user.click(await screen.findByRole('button', { name: 'Set starting limits: Cautious' }))
  expect(await screen.findByText('Your own limits are set.')).toBeVisible()
  const [sent] = fake.requests('POST', '/api/v1/risk/limits/starting')
  expect(sent?.body).toEqual({ tolerance: 'conservative' })
  expect(sent?.headers.get('idempotency-key')).toBeTruthy()
})

test('what was done before is found again, and a refused profile stays in the form', async () => {
  server({
    'GET /api/v1/me/onboarding': { ...NEW, experience: 'years', risk_tolerance: 'bold' },
    'GET /api/v1/risk/limits': { ...LIMITS, layers: [{ scope: 'user' }] },
    'PUT /api/v1/me/onboarding': () => problem(503, 'unavailable', 'No database.'),
  })
  const { user } = showScreen('/onboarding')
  expect(await screen.findByRole('radio', { name: /Bold/ })).toBeChecked()
  expect(await screen.findByRole('link', { name: 'See and change the limits' })).toBeVisible()
  expect(screen.getByRole('link', { name: 'Open a paper account' })).toHaveAttribute(
    'href',
    '/app/connections',
  )
  await user.click(screen.getByRole('radio', { name: /Balanced/ }))
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('No database.')).toBeVisible()
  expect(screen.getByRole('radio', { name: /Balanced/ })).toBeChecked()
})

test('a text that cannot be read says so and is asked for again', async () => {
  const fake = server({ 'GET /api/v1/legal/terms': () => problem(503, 'unavailable', 'No database.') })
  const { user } = showScreen('/onboarding')
  const panel = await screen.findByRole('region', { name: 'Terms of use' })
  expect(await within(panel).findByRole('alert')).toHaveTextContent('No database.')
  fake.on({ 'GET /api/v1/legal/terms': legal('terms') })
  await user.click(within(panel).getByRole('button', { name: 'Try again' }))
  await waitFor(() => expect(within(panel).getByText('THE terms')).toBeVisible())
})
