import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { showScreen } from '@/test/screen.tsx'
import { FakeServer, json, ME, problem } from '@/test/server.ts'
import { safeNext } from './next.ts'

const SIGN_IN = '/api/v1/auth/sign-in'

async function fillIn(user: ReturnType<typeof showScreen>['user'], email = 'ada@example.com') {
  await user.type(await screen.findByLabelText('E-mail'), email)
  await user.click(screen.getByLabelText('Password'))
  await user.paste('kelp vantage 9 ochre')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
}

test.each([
  [undefined, '/'],
  ['/orders?state=open#top', '/orders?state=open#top'],
  ['/app/risk', '/risk'],
  ['/app', '/'],
  ['/sign-in?next=/risk', '/'],
  ['https://evil.example/', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/app//evil.example', '/'],
  ['/x/..//evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['orders', '/'],
])('after a sign-in %s leads to %s', (next, path) => {
  expect(safeNext(next)).toBe(path)
})

test('signing in sends what was pasted, drops what was known before, and goes where it was asked to', async () => {
  const server = new FakeServer({ [`POST ${SIGN_IN}`]: ME })
  const { user, router, client } = showScreen('/sign-in?next=%2Fonboarding%3Fstep%3D2')
  client.setQueryData(['positions'], 'of somebody else')
  expect(await screen.findByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible()
  expect(screen.getByLabelText('E-mail')).toHaveAttribute('autocomplete', 'username')
  expect(screen.getByLabelText('Password')).toHaveAttribute('autocomplete', 'current-password')
  await fillIn(user)
  await waitFor(() => expect(router.state.location.pathname).toBe('/onboarding'))
  expect(router.state.location.href).toBe('/onboarding?step=2')
  expect(client.getQueryData(['positions'])).not.toBe('of somebody else')
  expect(server.requests('POST', SIGN_IN)[0]?.body).toEqual({
    email: 'ada@example.com',
    password: 'kelp vantage 9 ochre',
  })
})

test('an address of another site is not gone to', async () => {
  new FakeServer({ [`POST ${SIGN_IN}`]: ME })
  const { user, router } = showScreen('/sign-in?next=%2F%2Fevil.example')
  await fillIn(user)
  await waitFor(() => expect(router.state.location.pathname).toBe('/'))
})

test('a code is asked for when the server wants one, and a wrong one is told', async () => {
  const server = new FakeServer({
    [`POST ${SIGN_IN}`]: ({ body }) => {
      const { totp, recovery_code: recovery } = body as { totp?: string; recovery_code?: string }
      if (recovery === 'ABCDEF-GHIJKL') return ME
      return totp ? problem(401, 'invalid_second_factor') : problem(401, 'second_factor_required')
    },
  })
  const { user, router } = showScreen('/sign-in')
  await fillIn(user)
  const code = await screen.findByLabelText('Code of your authenticator app')
  expect(code).toHaveAttribute('autocomplete', 'one-time-code')
  expect(code).toHaveFocus()
  await user.paste('123 456')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('The code is wrong or was used already.')
  await user.click(screen.getByRole('button', { name: 'Use a recovery code instead' }))
  await user.type(screen.getByLabelText('Recovery code'), 'ABCDEF-GHIJKL')
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/'))
  const sent = server.requests('POST', SIGN_IN).map((request) => request.body)
  const known = { email: 'ada@example.com', password: 'kelp vantage 9 ochre' }
  expect(sent).toEqual([known, { ...known, totp: '123456' }, { ...known, recovery_code: 'ABCDEF-GHIJKL' }])
})

test('wrong credentials and too many attempts are said in words; what was typed stays', async () => {
  const server = new FakeServer({ [`POST ${SIGN_IN}`]: () => problem(401, 'invalid_credentials') })
  const { user } = showScreen('/sign-in')
  await fillIn(user)
  expect(await screen.findByRole('alert')).toHaveTextContent('The e-mail or the password is wrong')
  expect(screen.getByLabelText('E-mail')).toHaveValue('ada@example.com')
  server.on({
    [`POST ${SIGN_IN}`]: () => {
      const answer = problem(429, 'rate_limited')
      answer.headers.set('retry-after', '125')
      return answer
    },
  })
  await user.click(screen.getByRole('button', { name: 'Sign in' }))
  expect(await screen.findByText('Too many attempts. Wait 3 minutes, then try again.')).toBeVisible()
})

test('signing up says that a mail goes on', async () => {
  const server = new FakeServer({ 'POST /api/v1/auth/sign-up': () => json({ detail: 'Sent.' }, 202) })
  const { user } = showScreen('/sign-up')
  await user.type(await screen.findByLabelText('E-mail'), 'kim@example.com')
  await user.type(screen.getByLabelText('Name'), 'Kim')
  const password = screen.getByLabelText('Password')
  expect(password).toHaveAttribute('autocomplete', 'new-password')
  await user.type(password, 'three odd words')
  await user.click(screen.getByRole('button', { name: 'Sign up' }))
  expect(await screen.findByRole('status')).toHaveTextContent('If kim@example.com can be used')
  expect(server.requests('POST', '/api/v1/auth/sign-up')[0]?.body).toEqual({
    email: 'kim@example.com',
    password: 'three odd words',
    display_name: 'Kim',
  })
})

test('a password that may not be chosen is refused with the reason', async () => {
  new FakeServer({
    'POST /api/v1/auth/sign-up': () =>
      problem(422, 'weak_password', 'This password is among the most common ones.'),
  })
  const { user } = showScreen('/sign-up')
  await user.type(await screen.findByLabelText('E-mail'), 'kim@example.com')
  await user.type(screen.getByLabelText('Password'), 'password1')
  await user.click(screen.getByRole('button', { name: 'Sign up' }))
  expect(await screen.findByText('This password is among the most common ones.')).toBeVisible()
  expect(screen.getByText('Nothing was changed.')).toBeVisible()
  expect(screen.getByLabelText('Password')).toHaveValue('password1')
})

test.each(['#token=tsv_abc', '?token=tsv_abc'])('a mailed link %s makes the account', async (link) => {
  const server = new FakeServer({ 'POST /api/v1/auth/verify': ME })
  const { user, router } = showScreen(`/verify${link}`)
  await user.type(await screen.findByLabelText('Password'), 'three odd words')
  await user.click(screen.getByRole('button', { name: 'Confirm and sign in' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/onboarding'))
  expect(server.requests('POST', '/api/v1/auth/verify')[0]?.body).toEqual({
    token: 'tsv_abc',
    password: 'three odd words',
  })
})

test('a confirmation without its token says what to do', async () => {
  new FakeServer()
  showScreen('/verify')
  expect(await screen.findByText(/holds no confirmation link/)).toBeVisible()
  expect(screen.getByRole('link', { name: 'Sign up' })).toBeVisible()
})

test('a forgotten password: first the mail, then the new one, then the way to sign in', async () => {
  const server = new FakeServer({
    'POST /api/v1/auth/reset-request': () => json({ detail: 'Sent.' }, 202),
    'POST /api/v1/auth/reset': () => new Response(null, { status: 204 }),
  })
  const first = showScreen('/reset')
  await first.user.type(await screen.findByLabelText('E-mail'), 'ada@example.com')
  await first.user.click(screen.getByRole('button', { name: 'Send the link' }))
  expect(await screen.findByRole('status')).toHaveTextContent('a mail with a link is on its way')
  expect(server.requests('POST', '/api/v1/auth/reset-request')[0]?.body).toEqual({ email: 'ada@example.com' })
  first.unmount()
  const { user } = showScreen('/reset#token=tsp_abc')
  await user.type(await screen.findByLabelText('New password'), 'three odd words')
  await user.click(screen.getByRole('button', { name: 'Save the new password' }))
  expect(await screen.findByRole('status')).toHaveTextContent('The new password is saved')
  expect(screen.getByRole('link', { name: 'Sign in' })).toBeVisible()
  expect(server.requests('POST', '/api/v1/auth/reset')[0]?.body).toEqual({
    token: 'tsp_abc',
    password: 'three odd words',
  })
})

test('a spent link offers a new one', async () => {
  new FakeServer({ 'POST /api/v1/auth/reset': () => problem(400, 'link_invalid') })
  const { user } = showScreen('/reset#token=tsp_abc')
  await user.type(await screen.findByLabelText('New password'), 'three odd words')
  await user.click(screen.getByRole('button', { name: 'Save the new password' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('This link does not work any more')
  await user.click(screen.getByRole('button', { name: 'Ask for a new link' }))
  expect(await screen.findByLabelText('E-mail')).toBeVisible()
})

test('the first administrator is made and led into the app', async () => {
  const server = new FakeServer({ 'POST /setup/tsu_abc': () => json({ ...ME, role: 'admin' }, 201) })
  const { user, router } = showScreen('/setup/tsu_abc')
  await user.type(await screen.findByLabelText('E-mail'), 'ada@example.com')
  await user.type(screen.getByLabelText('Password'), 'three odd words')
  await user.click(screen.getByRole('button', { name: 'Make the administrator' }))
  await waitFor(() => expect(router.state.location.pathname).toBe('/'))
  expect(server.requests('POST', '/setup/tsu_abc')[0]?.body).toEqual({
    email: 'ada@example.com',
    password: 'three odd words',
    display_name: '',
  })
})
