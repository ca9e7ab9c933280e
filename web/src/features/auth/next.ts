/** Where a sign-in leads to: a link could name any address, so only paths inside the app count. */

const APP = '/app'
const OUTSIDE = new Set(['/sign-in', '/sign-up', '/verify', '/reset'])

/** Returns `next` as a path below the app, or `/` for whatever is not one. */
export function safeNext(next: string | undefined): string {
  // A backslash counts as a slash in addresses, and browsers drop control characters: `/\evil`, `/<tab>/evil`.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (next === undefined || !/^\/(?!\/)/.test(next) || /[\\\u0000-\u0020\u007f]/.test(next)) return '/'
  let url: URL
  try {
    url = new URL(next, location.origin)
  } catch {
    return '/'
  }
  if (url.origin !== location.origin) return '/'
  const path = url.pathname === APP ? '/' : url.pathname.replace(new RegExp(`^${APP}/`), '/')
  // Taking the base away, or `..`, must not leave an address of another host behind.
  if (path.startsWith('//') || OUTSIDE.has(path)) return '/'
  return `${path}${url.search}${url.hash}`
}
