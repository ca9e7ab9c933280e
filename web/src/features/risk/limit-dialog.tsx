/** Changes one limit of one layer, and says beforehand whether that holds at once or must wait. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatDateTime } from '@/lib/time.ts'
import { useAct } from './act.tsx'
import { LimitField } from './limit-field.tsx'
import { fromInput, isRaise, isSame, toInput, type Value, valueIn, withValue } from './limit-values.ts'
import type { Subject } from './limits-panel.tsx'
import type { Layer, Limit } from './risk-queries.ts'
import { saveLayer } from './save-limits.ts'
import { useLimitWords } from './words.ts'

export function LimitDialog({
  limit,
  layer,
  setBy,
  subject,
  onClose,
  onDone,
}: {
  limit: Limit
  layer: Layer | undefined
  /** Who set what holds, in words. */
  setBy: string
  subject: Subject
  onClose: () => void
  onDone: (text: string) => void
}) {
  const t = useTranslations('risk')
  const common = useTranslations('common')
  const words = useLimitWords()
  const locale = useLocale()
  const client = useQueryClient()
  const name = words.name(limit)
  const own = valueIn(layer?.limits, limit.name)
  // Of a raise that waits, everything else must be sent along again, or saving would take it back.
  const wanted = layer?.pending ?? layer?.limits
  const [text, setText] = useState(() => toInput(limit, own ?? limit.value))
  const value = fromInput(limit, text)
  const { run, isPending, isProving, error, proof } = useAct(
    (next: Value, key) => saveLayer(subject, withValue(wanted, limit.name, next), key),
    (saved) => {
      void client.invalidateQueries({ queryKey: ['risk'] })
      const now = valueIn(saved.limits, limit.name)
      const later = valueIn(saved.pending ?? saved.limits, limit.name)
      if (!isSame(now, later)) {
        onDone(t('savedWaits', { limit: name, at: formatDateTime(saved.pending_at, ZONE, locale) }))
      } else if (now === null) onDone(t('savedRemoved', { limit: name }))
      else onDone(t('savedNow', { limit: name, value: words.value(limit, now, t('notSet')) }))
    },
  )
  return (
    <>
      <Dialog
        open={!isProving}
        onClose={() => (isProving ? undefined : onClose())}
        title={t('editTitle', { subject: subject.name })}
        footer={
          <>
            {own === null ? null : (
              <Button kind="quiet" disabled={isPending} onClick={() => run(null)}>
                {t('remove')}
              </Button>
            )}
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button
              type="submit"
              form="edit-limit"
              kind="primary"
              disabled={isPending || value === undefined}
            >
              {common('save')}
            </Button>
          </>
        }
      >
        <form
          id="edit-limit"
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (value !== undefined) run(value)
          }}
        >
          <div>
            <p className="font-medium">
              {name}{' '}
              <span className="font-normal text-ink3 text-meta">{t('rule', { rule: limit.rule })}</span>
            </p>
            <p className="text-ink2">
              {t('now', {
                value: words.value(limit, limit.value, t('noLimit')),
                layer: setBy,
                own: words.value(limit, own, t('notSet')),
              })}
            </p>
          </div>
          <LimitField limit={limit} text={text} isValid={value !== undefined} onChange={setText} />
          {value === undefined ? null : (
            <Outlook
              setBy={setBy}
              limit={limit}
              own={own}
              value={value}
              subject={subject}
              waits={Boolean(layer?.pending)}
            />
          )}
        </form>
        {error ? <ErrorNote error={error} wrote /> : null}
      </Dialog>
      {proof}
    </>
  )
}

/** What saving will do. */
function Outlook({
  limit,
  setBy,
  own,
  value,
  subject,
  waits,
}: {
  limit: Limit
  setBy: string
  own: Value
  value: Value
  subject: Subject
  /** Whether a raise of this layer waits already. */
  waits: boolean
}) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  // Without a value of its own the layer of a person lies over the starting values.
  const before = own ?? (limit.bound_by === subject.scope ? limit.value : null)
  const loosens = isRaise(limit, before, value)
  const isBoundElsewhere = limit.bound_by !== null && limit.bound_by !== subject.scope
  const staysWider = isBoundElsewhere && isRaise(limit, limit.value, value)
  return (
    <div className="flex flex-col gap-2">
      <p>{loosens ? t('willWait') : t('willHoldNow')}</p>
      {staysWider ? (
        <p className="text-ink2">
          {t('widerHolds', {
            value: words.value(limit, limit.value, t('noLimit')),
            layer: setBy,
          })}
        </p>
      ) : null}
      {waits ? <p className="text-warn">{t('againWaits')}</p> : null}
    </div>
  )
}
