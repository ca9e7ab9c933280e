/** Events of one chain, newest first; each opens to the exact bytes that were hashed. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import { DateTime } from '@/components/figures.tsx'
import { canHash, fromHex, hex, utf8 } from './bytes.ts'
import { canonicalEvent, eventHash, NO_HASH, uuidBytes } from './event-hash.ts'
import { Exact, Opening } from './parts.tsx'

type AuditEvent = Schemas['AuditEventRead']

export function EventList({ events, chainId }: { events: readonly AuditEvent[]; chainId: string }) {
  const t = useTranslations('audit')
  return (
    <ul aria-label={t('events')}>
      {events.map((event, index) => {
        const before = events[index + 1]
        const previous = event.seq === 1 ? hex(NO_HASH) : before?.seq === event.seq - 1 ? before.hash : null
        return (
          <li key={event.seq} className="border-line border-t first:border-t-0">
            <Opening
              summary={
                <span className="grid min-w-0 flex-1 gap-x-4 text-table sm:grid-cols-[4rem_12rem_minmax(0,1fr)]">
                  <span className="numeric text-ink3">{event.seq}</span>
                  <DateTime at={event.at} />
                  <span className="min-w-0 break-words">
                    <span className="font-medium">{event.action}</span>{' '}
                    <span className="break-all text-ink2">{event.subject}</span>{' '}
                    <span className="break-all text-ink3">
                      {event.actor === `user:${chainId}` ? t('byOwner') : t('by', { actor: event.actor })}
                    </span>
                  </span>
                </span>
              }
            >
              {() => <EventDetail event={event} previous={previous} chainId={chainId} />}
            </Opening>
          </li>
        )
      })}
    </ul>
  )
}

function EventDetail({
  event,
  previous,
  chainId,
}: {
  event: AuditEvent
  previous: string | null
  chainId: string
}) {
  const t = useTranslations('audit')
  const canonical = canonicalEvent(event)
  const matches = useQuery({
    queryKey: ['event-hash', chainId, event.seq, event.hash, previous, canonical],
    queryFn: async () => {
      if (previous === null || !canHash()) return null
      const hash = await eventHash(uuidBytes(chainId), event.seq, fromHex(previous), utf8(canonical))
      return hex(hash) === event.hash
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <dl className="flex flex-col gap-3">
      <Exact label={t('canonical')}>{canonical}</Exact>
      <Exact label={t('hash')}>{event.hash}</Exact>
      <Exact label={t('previous')}>
        {event.seq === 1 ? t('previousNone') : (previous ?? t('previousUnknown'))}
      </Exact>
      <Exact label={t('position')}>{event.position ?? t('positionNone')}</Exact>
      <div>
        <dt className="text-ink3 text-meta">{t('recomputed')}</dt>
        <dd className={matches.data === false ? 'font-medium text-danger' : ''}>
          {matches.data === true ? t('matches') : matches.data === false ? t('differs') : t('cannotTell')}
        </dd>
      </div>
    </dl>
  )
}
