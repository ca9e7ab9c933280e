import { api, once, unwrap } from '@/api/client.ts'
import type { Subject } from './limits-panel.tsx'
import type { Layer, LayerValues } from './risk-queries.ts'

/** Replaces a whole layer: the server takes no single limits. */
export function saveLayer({ scope, id }: Subject, values: LayerValues, key: string): Promise<Layer> {
  return unwrap(
    api.PUT('/api/v1/risk/limits/{scope}/{subject}', {
      params: { path: { scope, subject: id }, header: once(key) },
      body: values,
    }),
  )
}
