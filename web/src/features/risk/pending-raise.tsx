/** A raise that waits: what it will change, from when, and the way to take it back. */
import { useQueryClient } from '@tanstack/react-query'
import { useLocale, useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatDateTime } from '@/lib/time.ts'
import { useAct } from './act.tsx'
import { differences, given, valueIn } from './limit-values.ts'
import type { Subject } from './limits-panel.tsx'
import type { Layer, LayerValues, Limit } from './risk-queries.ts'
import { saveLayer } from './save-limits.ts'
import { useLimitWords } from './words.ts'

export function PendingRaise({
  layer,
  limits,
  subject,
  onDone,
}: {
  layer: Layer
  limits: readonly Limit[]
  subject: Subject
  onDone: (text: string) => void
}) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  const locale = useLocale()
  const client = useQueryClient()
  const withdraw = useAct(
    (values: LayerValues, key) => saveLayer(subject, values, key),
    () => {
      void client.invalidateQueries({ queryKey: ['risk'] })
      onDone(t('withdrawn'))
    },
  )
  const pending = layer.pending ?? {}
  const at = formatDateTime(layer.pending_at, ZONE, locale)
  const names = differences(layer.limits, pending)
  return (
    <section
      aria-label={t('pending')}
      className="m-4 mb-0 flex flex-col gap-2 border-warn border-l-4 px-4 py-2"
    >
      <p>
        <Badge tone="warn">{t('pending')}</Badge>
      </p>
      <ul>
        {limits
          .filter((limit) => names.some((name) => name === limit.name))
          .map((limit) => (
            <li key={limit.name}>
              {t('pendingText', {
                limit: words.name(limit),
                old: words.value(limit, valueIn(layer.limits, limit.name), t('notSet')),
                new: words.value(limit, valueIn(pending, limit.name), t('notSet')),
                at,
              })}
            </li>
          ))}
      </ul>
      <div>
        <Button size="small" disabled={withdraw.isPending} onClick={() => withdraw.run(given(layer.limits))}>
          {t('withdraw')}
        </Button>
      </div>
      {withdraw.error ? <ErrorNote error={withdraw.error} wrote /> : null}
      {withdraw.proof}
    </section>
  )
}
