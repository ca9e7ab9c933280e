/** Another's audit chain. Each look is recorded there, so nothing but a press asks for it. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, type Schemas, unwrap } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, ErrorNote } from '@/components/states.tsx'
import { EventList } from '@/features/audit/event-list.tsx'

const SYSTEM_CHAIN = '00000000-0000-7000-8000-000000000000'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

interface Look {
  chain: string
  reason: string
  cursor: string | null
}
interface Seen {
  chain: string
  reason: string
  events: Schemas['AuditEventRead'][]
  next: string | null
}

export function ChainPanel({ initial }: { initial: string }) {
  const t = useTranslations('admin')
  const [chain, setChain] = useState(initial)
  const [reason, setReason] = useState('')
  const [seen, setSeen] = useState<Seen | null>(null)
  const look = useMutation({
    mutationFn: ({ chain: chain_id, reason: why, cursor }: Look) =>
      unwrap(
        api.GET('/api/v1/audit/chains/{chain_id}/events', {
          params: {
            path: { chain_id },
            query: { reason: why, limit: 50, ...(cursor === null ? {} : { cursor }) },
          },
        }),
      ),
    onSuccess: (page, asked) =>
      setSeen((before) => ({
        chain: asked.chain,
        reason: asked.reason,
        events: asked.cursor === null ? page.items : [...(before?.events ?? []), ...page.items],
        next: page.next_cursor ?? null,
      })),
  })
  const ready = UUID.test(chain.trim()) && reason.trim().length >= 8
  return (
    <Panel title={t('chain')}>
      <form
        className="flex flex-col gap-3 px-4 py-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) look.mutate({ chain: chain.trim().toLowerCase(), reason: reason.trim(), cursor: null })
        }}
      >
        <p className="max-w-prose text-ink2">{t('chainText')}</p>
        <div className="grid items-start gap-3 lg:grid-cols-2">
          <TextField
            label={t('chainId')}
            hint={t('chainIdHint')}
            value={chain}
            spellCheck={false}
            autoComplete="off"
            required
            onChange={(event) => setChain(event.target.value)}
          />
          <TextField
            label={t('reason')}
            hint={t('reasonHint')}
            value={reason}
            minLength={8}
            maxLength={300}
            required
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" kind="primary" disabled={!ready || look.isPending}>
            {t('look')}
          </Button>
          <Button kind="quiet" onClick={() => setChain(SYSTEM_CHAIN)}>
            {t('systemChain')}
          </Button>
        </div>
      </form>
      {look.isError ? <ErrorNote error={look.error} retry={() => look.mutate(look.variables)} /> : null}
      {seen === null ? null : (
        <div className="border-line border-t">
          <p role="status" className="px-4 py-2 font-medium break-all">
            {t('chainShown', { id: seen.chain })}
          </p>
          {seen.events.length === 0 ? (
            <Empty>{t('noEvents')}</Empty>
          ) : (
            <EventList events={seen.events} chainId={seen.chain} />
          )}
          {seen.next === null ? null : (
            <div className="border-line border-t px-4 py-2">
              <Button
                size="small"
                disabled={look.isPending}
                onClick={() => look.mutate({ chain: seen.chain, reason: seen.reason, cursor: seen.next })}
              >
                {t('moreRecorded')}
              </Button>
            </div>
          )}
        </div>
      )}
    </Panel>
  )
}
