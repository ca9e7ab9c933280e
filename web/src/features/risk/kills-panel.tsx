/** Kill switches: what each stops, since when, by whom, whether anything still rests; stop less than everything, and release. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { type Kill, killsQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { Done, ReasonDialog } from './act.tsx'
import { KillDialog } from './kill-dialog.tsx'
import type { Subject } from './limits-panel.tsx'
import { useWho } from './words.ts'

const REASON = 200

export function KillsPanel({ subjects }: { subjects: readonly Subject[] }) {
  const t = useTranslations('risk')
  const kills = useQuery(killsQuery)
  const client = useQueryClient()
  const [isStopping, setStopping] = useState(false)
  const [releasing, setReleasing] = useState<Kill | null>(null)
  const [done, setDone] = useState('')
  const nameOf = (kill: Kill) =>
    subjects.find((subject) => subject.scope === kill.scope && subject.id === kill.subject)?.name ??
    t(`scopes.${kill.scope}`, { name: kill.subject })
  function finish(text: string): void {
    setDone(text)
    setStopping(false)
    setReleasing(null)
    void client.invalidateQueries({ queryKey: killsQuery.queryKey })
    void client.invalidateQueries({ queryKey: ['orders'] })
  }
  const stopButton = (
    <Button
      size="small"
      kind="danger"
      onClick={() => {
        setDone('')
        setStopping(true)
      }}
    >
      {t('kill')}
    </Button>
  )
  return (
    <Panel title={t('kills')} actions={kills.data?.length ? stopButton : undefined}>
      <Done>{done}</Done>
      <QueryView query={kills}>
        {(all) =>
          all.length === 0 ? (
            <Empty action={stopButton}>{t('noKills')}</Empty>
          ) : (
            <KillTable
              kills={all}
              nameOf={nameOf}
              onRelease={(kill) => {
                setDone('')
                setReleasing(kill)
              }}
            />
          )
        }
      </QueryView>
      <p className="border-line border-t px-4 py-2 text-ink3 text-meta">{t('killsNote')}</p>
      {isStopping ? (
        <KillDialog
          subjects={subjects.filter((subject) => subject.scope !== 'user')}
          onClose={() => setStopping(false)}
          onDone={(name) => finish(t('killed', { subject: name }))}
        />
      ) : null}
      {releasing ? (
        <ReasonDialog
          title={t('releaseTitle', { subject: nameOf(releasing) })}
          text={t('releaseText')}
          press={t('release')}
          maxLength={REASON}
          act={(reason, key) =>
            unwrap(
              api.POST('/api/v1/kills/{scope}/{subject}/release', {
                params: { path: { scope: releasing.scope, subject: releasing.subject }, header: once(key) },
                body: { reason },
              }),
            )
          }
          onDone={() => finish(t('released', { subject: nameOf(releasing) }))}
          onClose={() => setReleasing(null)}
        />
      ) : null}
    </Panel>
  )
}

function KillTable({
  kills,
  nameOf,
  onRelease,
}: {
  kills: readonly Kill[]
  nameOf: (kill: Kill) => string
  onRelease: (kill: Kill) => void
}) {
  const t = useTranslations('risk')
  const who = useWho()
  return (
    <Table
      label={t('kills')}
      head={
        <>
          <Th>{t('subject')}</Th>
          <Th>{t('killState')}</Th>
          <Th>{t('act')}</Th>
          <Th>{t('since')}</Th>
          <Th>{t('by')}</Th>
          <Th>{t('why')}</Th>
          <Th right>{t('resting')}</Th>
        </>
      }
    >
      {kills.map((kill) => (
        <tr key={`${kill.scope}${kill.subject}`}>
          <Td className="font-medium">{nameOf(kill)}</Td>
          <Td>
            <Badge tone={kill.active ? 'bad' : 'good'}>{kill.active ? t('active') : t('inactive')}</Badge>
          </Td>
          <Td>
            {kill.active && kill.scope !== 'site' && kill.scope !== 'broker' ? (
              <Button
                size="small"
                aria-label={t('releaseOf', { subject: nameOf(kill) })}
                onClick={() => onRelease(kill)}
              >
                {t('release')}
              </Button>
            ) : null}
          </Td>
          <Td>
            <DateTime at={kill.changed_at} />
          </Td>
          <Td>{who(kill.changed_by)}</Td>
          <Td className="min-w-48 whitespace-normal">
            {kill.reason}
            {kill.cancel_stops ? <span className="text-warn"> ({t('stopsGone')})</span> : null}
          </Td>
          <Td right>{kill.active ? kill.resting : null}</Td>
        </tr>
      ))}
    </Table>
  )
}
