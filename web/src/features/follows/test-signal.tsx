/** Sends a signal to an own source, as its address would, and leads to what becomes of it. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextAreaField } from '@/components/field.tsx'
import { useAct } from '@/features/signals/act.tsx'
import { TraceLink } from '@/features/signals/plan-acts.tsx'
import type { Source } from './queries.ts'

type Receipt = Schemas['SignalReceipt']
const LONGEST = 4_096

export function TestSignalDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [text, setText] = useState(t('test.sample'))
  const [receipt, setReceipt] = useState<Receipt | null>(null)
  const act = useAct<string, Receipt>({
    send: (alert, key) =>
      unwrap(
        api.POST('/api/v1/signals', {
          params: { header: once(key) },
          body: { source: source.id, text: alert },
        }),
      ),
    done: (taken) => {
      setReceipt(taken)
      void client.invalidateQueries({ queryKey: ['signals'] })
      void client.invalidateQueries({ queryKey: ['plans'] })
    },
  })
  // A message that cannot be read is kept all the same, and its timeline says what was read.
  const keptAs = act.error instanceof ApiError ? act.error.problem.trace_id : null
  return (
    <Dialog open onClose={onClose} title={t('test.title', { name: source.name })}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          setReceipt(null)
          act.run(text)
        }}
      >
        <p>{t('test.what', { name: source.name })}</p>
        <TextAreaField
          label={t('test.text')}
          hint={t('test.textHint')}
          value={text}
          rows={4}
          maxLength={LONGEST}
          required
          onChange={(event) => setText(event.target.value)}
        />
        {act.notes}
        {keptAs ? <TraceLink id={keptAs}>{t('test.unreadable')}</TraceLink> : null}
        <p role="status">
          {receipt ? (
            <>
              {receipt.duplicate ? t('test.duplicate') : t('test.sent')}{' '}
              <TraceLink id={receipt.trace_id}>{t('test.watch')}</TraceLink>
            </>
          ) : null}
        </p>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{common('close')}</Button>
          <Button type="submit" kind="primary" disabled={!text.trim() || act.isPending}>
            {t('test.send')}
          </Button>
        </div>
      </form>
      {act.proof}
    </Dialog>
  )
}
