/** After the build: public pages are written as plain HTML, and every text file is compressed beside itself. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { layout } from '../src/public/layout.ts'
import { PAGES } from '../src/public/pages.ts'

/** Another folder may be named, to look at the pages without touching what is served. */
const dist = process.argv[2] ?? fileURLToPath(new URL('../../tradsy/web_dist', import.meta.url))
const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt'])
const SMALLEST = 512
const STYLES = /^site-[0-9a-f]+\.css/

/** Writes the one style sheet under a name that its content decides, and returns its address. */
function writeStyles(): string {
  const source = readFileSync(new URL('../src/public/site.css', import.meta.url), 'utf8')
  const styles = source
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .trim()
  const assets = join(dist, 'assets')
  mkdirSync(assets, { recursive: true })
  for (const name of readdirSync(assets)) if (STYLES.test(name)) rmSync(join(assets, name))
  const name = `site-${createHash('sha256').update(styles).digest('hex').slice(0, 8)}.css`
  writeFileSync(join(assets, name), styles)
  return `/assets/${name}`
}

function writePages(styles: string): void {
  for (const page of PAGES) {
    const folder = join(dist, page.path)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'index.html'), layout(page, PAGES, styles))
  }
}

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

if (!existsSync(dist)) throw new Error('Build the app first: vite build')
writePages(writeStyles())

for (const path of [...files(dist)]) {
  if (!TEXT.has(extname(path))) continue
  const body = readFileSync(path)
  if (body.length < SMALLEST) continue
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }))
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
