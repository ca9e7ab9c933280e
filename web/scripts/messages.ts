/** Writes `src/realtime/messages.ts`: the socket's messages as TypeScript, from the server's JSON schemas. */
import { readFileSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

interface Schema {
  $defs?: Record<string, Schema>
  [key: string]: unknown
}

const source = new URL('../src/api/messages.json', import.meta.url)
const target = new URL('../src/realtime/messages.ts', import.meta.url)
const messages = JSON.parse(readFileSync(source, 'utf8').replaceAll('#/$defs/', '#/components/schemas/')) as {
  server: Schema
  client: Schema
}

function split({ $defs, ...schema }: Schema, name: string): Record<string, Schema> {
  return { ...$defs, [name]: schema }
}

const document = {
  openapi: '3.1.0',
  info: { title: 'messages', version: '1' },
  paths: {},
  components: {
    schemas: { ...split(messages.server, 'ServerMessage'), ...split(messages.client, 'ClientMessage') },
  },
}
const nodes = await openapiTS(document as Parameters<typeof openapiTS>[0], { alphabetize: true })
const banner = '/** Generated from the models of the server by `./dev gen`. Do not edit. */\n\n'
const names =
  "export type ServerMessage = components['schemas']['ServerMessage']\nexport type ClientMessage = components['schemas']['ClientMessage']\n"
writeFileSync(target, banner + astToString(nodes) + names)
