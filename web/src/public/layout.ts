/** The frame of every public page: plain HTML that needs no script. */

export interface PublicPage {
  /** Where it is served; a folder, so that it ends in a slash. */
  path: string
  /** Its name in the menu; null keeps it out of there. */
  menu: string | null
  title: string
  description: string
  /** HTML between the landmarks, with one h1. */
  body: string
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export function layout(page: PublicPage, pages: readonly PublicPage[], styles: string): string {
  const link = ({ path }: PublicPage, text: string) =>
    `<li><a href="${path}"${path === page.path ? ' aria-current="page"' : ''}>${escapeHtml(text)}</a></li>`
  const menu = pages.map((other) => (other.menu === null ? '' : link(other, other.menu))).join('')
  const all = pages.map((other) => link(other, other.menu ?? 'Home')).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<meta name="description" content="${escapeHtml(page.description)}">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f5f6f8">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0c0f14">
<link rel="canonical" href="${page.path}">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${styles}">
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="top"><div class="wide">
<a class="brand" href="/"${page.path === '/' ? ' aria-current="page"' : ''}><img src="/favicon.svg" alt="" width="24" height="24">Tradsy</a>
<nav aria-label="Main"><ul>${menu}</ul></nav>
<nav aria-label="Account"><ul><li><a href="/app/sign-in">Sign in</a></li><li><a href="/app/sign-up">Sign up</a></li></ul></nav>
</div></header>
<main id="content" tabindex="-1"><div class="wide">
${page.body.trim()}
</div></main>
<footer><div class="wide">
<nav aria-label="All pages"><ul>${all}</ul></nav>
<p class="small">Trading can lose money. Tradsy carries out what you tell it to; it gives no advice.</p>
<p class="small">Tradsy is free software under the Apache License, version 2.0.</p>
</div></footer>
</body>
</html>
`
}
