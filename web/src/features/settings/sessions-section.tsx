import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, ErrorNote, QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { nameAgent } from './agent.ts'
import { Done } from './done.tsx'
import { type Session, sessionsQuery } from './queries.ts'
import { useAct } from './use-act.tsx'

export function SessionsSection() {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const client = useQueryClient()
  const sessions = useQuery(sessionsQuery)
  const refresh = () => void client.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  const end = useAct({
    send: (id: string, key) =>
      unwrap(
        api.DELETE('/api/v1/me/sessions/{session_id}', {
          params: { path: { session_id: id }, header: once(key) },
        }),
      ),
    onSuccess: refresh,
    onRefused: refresh,
  })
  const endOthers = useAct({
    send: (_: null, key) => unwrap(api.DELETE('/api/v1/me/sessions', { params: { header: once(key) } })),
    onSuccess: refresh,
  })
  const busy = end.busy || endOthers.busy
  const others = sessions.data?.filter((session) => !session.is_current).length ?? 0
  return (
    <Panel
      title={t('sessions')}
      actions={
        <Button
          kind="danger"
          size="small"
          disabled={busy || others === 0}
          onClick={() => {
            end.reset()
            endOthers.run(null)
          }}
        >
          {t('endOthers')}
        </Button>
      }
    >
      <p className="px-4 py-3 text-ink2">{t('sessionsText')}</p>
      {end.error || endOthers.error ? <ErrorNote error={end.error ?? endOthers.error} wrote /> : null}
      <Done className="mx-4 mb-3">
        {endOthers.done ? t('othersEnded') : end.done ? t('sessionEnded') : null}
      </Done>
      <QueryView query={sessions}>
        {(items) =>
          items.length === 0 ? (
            <Empty action={<Button onClick={refresh}>{common('refresh')}</Button>}>{t('noSessions')}</Empty>
          ) : (
            <Table
              label={t('sessionList')}
              head={
                <>
                  <Th>{t('device')}</Th>
                  <Th>{t('network')}</Th>
                  <Th>{t('signedInAt')}</Th>
                  <Th>{t('lastSeen')}</Th>
                  <Th>{t('endsAt')}</Th>
                  {/* Positioned, or the hidden text would widen the page beyond the table. */}
                  <Th className="relative">
                    <span className="sr-only">{t('actions')}</span>
                  </Th>
                </>
              }
            >
              {items.map((session) => (
                <SessionRow
                  key={session.id}
                  session={session}
                  busy={busy}
                  onEnd={() => {
                    endOthers.reset()
                    end.run(session.id)
                  }}
                />
              ))}
            </Table>
          )
        }
      </QueryView>
      {end.proof}
      {endOthers.proof}
    </Panel>
  )
}

function SessionRow({ session, busy, onEnd }: { session: Session; busy: boolean; onEnd: () => void }) {
  const t = useTranslations('settings')
  const known = nameAgent(session.agent)
  const device = known
    ? t('deviceName', known)
    : session.agent || (session.kind === 'program' ? t('program') : t('unknownDevice'))
  return (
    <tr>
      <Td title={session.agent} className="max-w-80 truncate">
        <span className="flex items-center gap-2">
          <span className="truncate">{device}</span>
          {session.kind === 'program' ? <Badge>{t('program')}</Badge> : null}
          {session.is_current ? <Badge tone="accent">{t('thisSession')}</Badge> : null}
        </span>
      </Td>
      <Td className="numeric">{session.address}</Td>
      <Td>
        <DateTime at={session.created_at} />
      </Td>
      <Td>
        <DateTime at={session.last_seen_at} />
      </Td>
      <Td>
        <DateTime at={session.expires_at} />
      </Td>
      <Td className="text-right">
        {session.is_current ? null : (
          <Button
            size="small"
            disabled={busy}
            aria-label={t('endWhat', { device, network: session.address })}
            onClick={onEnd}
          >
            {t('end')}
          </Button>
        )}
      </Td>
    </tr>
  )
}
