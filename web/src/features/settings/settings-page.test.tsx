import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, json, ME, problem } from '@/test/server.ts'
import { nameAgent } from './agent.ts'

const LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0'
const HERE = {
  id: 's1',
  kind: 'browser',
  is_current: true,
  created_at: '2026-11-27T08:00:00Z',
  last_seen_at: '2026-11-27T10:00:00Z',
  expires_at: '2026-12-04T08:00:00Z',
  address: '192.0.2.1',
  agent: LINUX,
}
const THERE = { ...HERE, id: 's2', is_current: false, address: '198.51.100.7', agent: 'curl/8' }
const KEY = {
  id: 'k1',
  name: 'Backup',
  hint: 'wxyz',
  scopes: ['read'],
  created_at: '2026-11-27T08:00:00Z',
  expires_at: '2027-02-25T08:00:00Z',
  last_used_at: null,
}
const NONE = () => new Response(null, { status: 204 })

function server(answers = {}) {
  return new FakeServer({
    'GET /api/v1/me/sessions': { items: [HERE, THERE] },
    'GET /api/v1/me/api-keys': { items: [] },
    ...answers,
  })
}

async function section(name: string) {
  return within(await screen.findByRole('region', { name }))
}

/** Answers with 403 until the password was given. */
function afterProof(answer: () => object | Response) {
  let proved = false
  return {
    wrap: () => (proved ? answer() : problem(403, 'step_up_required')),
    'POST /api/v1/auth/step-up': () => {
      proved = true
      return { stepped_up_until: '2026-11-27T10:05:00Z' }
    },
  }
}

async function prove(user: ReturnType<typeof showScreen>['user']) {
  const proof = within(await screen.findByRole('dialog', { name: 'Confirm that it is you' }))
  await user.type(proof.getByLabelText('Password'), 'present words')
  await user.click(proof.getByRole('button', { name: 'Confirm' }))
}

test('name and country are saved', async () => {
  const fake = server({ 'PATCH /api/v1/me': { ...ME, display_name: 'Ada L.', country: 'DE' } })
  const { user } = showScreen('/settings')
  const profile = await section('Profile')
  const name = await profile.findByLabelText('Name')
  await user.clear(name)
  await user.type(name, 'Ada L.')
  await user.selectOptions(profile.getByLabelText('Country'), 'Germany')
  await user.click(profile.getByRole('button', { name: 'Save the profile' }))
  expect(await profile.findByText('Saved.')).toBeVisible()
  const [sent] = fake.requests('PATCH', '/api/v1/me')
  expect(sent?.body).toEqual({ display_name: 'Ada L.', country: 'DE' })
  expect(sent?.headers.get('idempotency-key')).toBeTruthy()
})

test('a refused name stays in the form; another one is sent under another key', async () => {
  const fake = server({ 'PATCH /api/v1/me': () => problem(422, 'invalid', 'No angle brackets.') })
  const { user } = showScreen('/settings')
  const profile = await section('Profile')
  await user.type(await profile.findByLabelText('Name'), '<')
  await user.click(profile.getByRole('button', { name: 'Save the profile' }))
  expect(await profile.findByText('No angle brackets.')).toBeVisible()
  expect(profile.getByText('Nothing was changed.')).toBeVisible()
  expect(profile.getByLabelText('Name')).toHaveValue('Ada<')
  await user.click(profile.getByRole('button', { name: 'Save the profile' }))
  await waitFor(() => expect(fake.requests('PATCH', '/api/v1/me')).toHaveLength(2))
  const [first, second] = fake.requests('PATCH', '/api/v1/me')
  expect(first?.headers.get('idempotency-key')).not.toBe(second?.headers.get('idempotency-key'))
})

test('an act whose answer was lost is repeated under the same key', async () => {
  const fake = server({ 'PATCH /api/v1/me': () => Promise.reject(new TypeError('offline')) })
  const { user } = showScreen('/settings')
  const profile = await section('Profile')
  await profile.findByLabelText('Name')
  await user.click(profile.getByRole('button', { name: 'Save the profile' }))
  expect(await profile.findByText(/It is not known whether this arrived/)).toBeVisible()
  await user.click(profile.getByRole('button', { name: 'Save the profile' }))
  await waitFor(() => expect(fake.requests('PATCH', '/api/v1/me')).toHaveLength(2))
  const [first, second] = fake.requests('PATCH', '/api/v1/me')
  expect(first?.headers.get('idempotency-key')).toBe(second?.headers.get('idempotency-key'))
})

test('a new password is saved after the present one was given', async () => {
  const proof = afterProof(NONE)
  const fake = server({
    'PUT /api/v1/auth/password': proof.wrap,
    'POST /api/v1/auth/step-up': proof['POST /api/v1/auth/step-up'],
  })
  const { user } = showScreen('/settings')
  const password = await section('Password')
  await user.type(password.getByLabelText('New password'), 'three odd words')
  await user.click(password.getByRole('button', { name: 'Change the password' }))
  await prove(user)
  expect(await password.findByText(/The new password is saved/)).toBeVisible()
  expect(password.getByLabelText('New password')).toHaveValue('')
  expect(fake.requests('PUT', '/api/v1/auth/password').map((request) => request.body)).toEqual([
    { password: 'three odd words' },
    { password: 'three odd words' },
  ])
})

test('an app is set up: secret, first code, recovery codes once; then it can be turned off', async () => {
  let hasTotp = false
  const proof = afterProof(() => ({
    secret: 'JBSWY3DPEHPK3PXP',
    uri: 'otpauth://totp/Tradsy:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Tradsy',
  }))
  const fake = server({
    'GET /api/v1/me': () => ({ ...ME, has_totp: hasTotp }),
    'POST /api/v1/auth/totp': proof.wrap,
    'POST /api/v1/auth/step-up': proof['POST /api/v1/auth/step-up'],
    'POST /api/v1/auth/totp/confirm': () => {
      hasTotp = true
      return { recovery_codes: ['AAAAAA-BBBBBB', 'CCCCCC-DDDDDD'] }
    },
    'DELETE /api/v1/auth/totp': () => {
      hasTotp = false
      return NONE()
    },
  })
  const { user } = showScreen('/settings')
  const totp = await section('Authenticator app')
  await user.click(await totp.findByRole('button', { name: 'Set up an app' }))
  await prove(user)
  expect(await totp.findByText('JBSWY3DPEHPK3PXP')).toBeVisible()
  expect(totp.getByText(/^otpauth:/)).toBeVisible()
  const code = totp.getByLabelText('First code')
  expect(code).toHaveAttribute('autocomplete', 'one-time-code')
  await user.type(code, '123 456')
  await user.click(totp.getByRole('button', { name: 'Turn it on' }))
  expect(await totp.findByText(/AAAAAA-BBBBBB/)).toBeVisible()
  expect(fake.requests('POST', '/api/v1/auth/totp/confirm')[0]?.body).toEqual({ code: '123456' })
  await user.click(totp.getByRole('button', { name: 'Copy: Recovery codes' }))
  expect(await totp.findByText('Copied.')).toBeVisible()
  expect(await navigator.clipboard.readText()).toBe('AAAAAA-BBBBBB\nCCCCCC-DDDDDD')
  await user.click(totp.getByRole('button', { name: 'I have stored them' }))
  expect(totp.queryByText(/AAAAAA/)).toBeNull()
  await user.click(await totp.findByRole('button', { name: 'Turn it off' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'Turn it off' }))
  await user.click(dialog.getByRole('button', { name: 'Turn it off now' }))
  expect(await totp.findByText(/The app is turned off/)).toBeVisible()
})

test('sessions are listed, this one is marked, one or all others are ended', async () => {
  let items = [HERE, THERE]
  const fake = server({
    'GET /api/v1/me/sessions': () => ({ items }),
    'DELETE /api/v1/me/sessions/s2': () => {
      items = [HERE, { ...THERE, id: 's3' }]
      return NONE()
    },
    'DELETE /api/v1/me/sessions': () => {
      items = [HERE]
      return NONE()
    },
  })
  const { user } = showScreen('/settings')
  const sessions = await section('Sessions')
  const here = (await sessions.findByText('Firefox on Linux')).closest('tr') as HTMLElement
  expect(within(here).getByText('This one')).toBeVisible()
  expect(within(here).queryByRole('button')).toBeNull()
  await user.click(sessions.getByRole('button', { name: 'End the session of curl/8, 198.51.100.7' }))
  expect(await sessions.findByText(/The session has ended/)).toBeVisible()
  expect(fake.requests('DELETE', '/api/v1/me/sessions/s2')[0]?.headers.get('idempotency-key')).toBeTruthy()
  await user.click(sessions.getByRole('button', { name: 'End all others' }))
  expect(await sessions.findByText(/All other sessions have ended/)).toBeVisible()
  await waitFor(() => expect(sessions.getByRole('button', { name: 'End all others' })).toBeDisabled())
})

test('without keys there is one thing to do: a key is made after proof and shown once', async () => {
  const proof = afterProof(() => json({ ...KEY, key: 'tsk_secret' }, 201))
  const fake = server({
    'POST /api/v1/me/api-keys': proof.wrap,
    'POST /api/v1/auth/step-up': proof['POST /api/v1/auth/step-up'],
  })
  const { user } = showScreen('/settings')
  const keys = await section('API keys')
  expect(await keys.findByText('No keys yet.')).toBeVisible()
  await user.click(keys.getByRole('button', { name: 'Make a key' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'Make a key' }))
  await user.type(dialog.getByLabelText('Name'), 'Backup')
  await user.click(await dialog.findByRole('checkbox', { name: 'Trade' }))
  await user.selectOptions(dialog.getByLabelText('Valid for'), '30 days')
  await user.click(dialog.getByRole('button', { name: 'Make the key' }))
  await prove(user)
  expect(await keys.findByText('tsk_secret')).toBeVisible()
  const [, sent] = fake.requests('POST', '/api/v1/me/api-keys')
  expect(sent?.body).toEqual({ name: 'Backup', scopes: ['read', 'trade'], expires_in_days: 30 })
  expect(sent?.headers.get('idempotency-key')).toBeTruthy()
  await user.click(keys.getByRole('button', { name: 'I have stored it' }))
  expect(keys.queryByText('tsk_secret')).toBeNull()
})

test('a key is deleted by typing its name', async () => {
  let items = [KEY]
  const fake = server({
    'GET /api/v1/me/api-keys': () => ({ items }),
    'DELETE /api/v1/me/api-keys/k1': () => {
      items = []
      return NONE()
    },
  })
  const { user } = showScreen('/settings')
  await user.click(await screen.findByRole('button', { name: 'Delete the key “Backup”' }))
  const dialog = within(await screen.findByRole('dialog', { name: 'Delete the key “Backup”' }))
  const press = dialog.getByRole('button', { name: 'Delete' })
  await user.type(dialog.getByLabelText(/Type the name/), 'Back')
  expect(press).toBeDisabled()
  await user.type(dialog.getByLabelText(/Type the name/), 'up')
  await user.click(press)
  expect(await screen.findByText(/The key “Backup” is deleted/)).toBeVisible()
  expect(fake.requests('DELETE', '/api/v1/me/api-keys/k1')[0]?.headers.get('idempotency-key')).toBeTruthy()
})

test('a list that cannot be read says so', async () => {
  server({ 'GET /api/v1/me/api-keys': () => problem(503, 'unavailable', 'No database.') })
  showScreen('/settings')
  const keys = await section('API keys')
  expect(await keys.findByRole('alert')).toHaveTextContent('No database.')
  expect(keys.getByRole('button', { name: 'Try again' })).toBeVisible()
})

test('appearance and language hold at once', async () => {
  server()
  const { user } = showScreen('/settings')
  const appearance = await section('Appearance')
  await user.selectOptions(appearance.getByLabelText('Theme'), 'Light')
  await user.selectOptions(appearance.getByLabelText('Density of tables'), 'Compact')
  await user.selectOptions(appearance.getByLabelText('Colours of up and down'), 'blue-orange')
  expect(document.documentElement.dataset).toMatchObject({
    theme: 'light',
    density: 'compact',
    palette: 'blue-orange',
  })
  await user.selectOptions(appearance.getByLabelText('Language'), 'Deutsch')
  expect(await screen.findByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible()
})

test('signing out ends the session, forgets everything and leads to the sign-in', async () => {
  const fake = server({ 'POST /api/v1/auth/sign-out': NONE })
  const { user, router, client } = showScreen('/settings')
  const leave = await section('Sign out')
  await user.click(leave.getByRole('button', { name: 'Sign out' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/sign-in'))
  expect(fake.requests('POST', '/api/v1/auth/sign-out')).toHaveLength(1)
  await waitFor(() => expect(client.getQueryCache().getAll()).toHaveLength(0))
})

test.each([
  [LINUX, { browser: 'Firefox', system: 'Linux' }],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    { browser: 'Safari', system: 'iOS' },
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0',
    { browser: 'Edge', system: 'Windows' },
  ],
  ['curl/8', null],
])('%s is named as people do', (agent, name) => {
  expect(nameAgent(agent)).toEqual(name)
})
