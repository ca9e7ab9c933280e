/** Which account acts on which source, how large, and with or without asking. */
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { useAct } from '@/features/signals/act.tsx'
import { PagesView } from '@/features/signals/paging.tsx'
import { AccountName, useAccount, useWords } from '@/features/signals/words.tsx'
import { CloseDialog } from './close-dialog.tsx'
import { FollowDialog } from './follow-dialog.tsx'
import { type Follow, useFollows } from './queries.ts'
import { StateBadge } from './state-badge.tsx'

type Say = (text: ReactNode) => void
type Verb = 'pause' | 'resume' | 'close'
const SAYS = { pause: 'followPaused', resume: 'followResumed', close: 'followClosed' } as const

function useFollowAct(say: Say) {
  const t = useTranslations('follows')
  const client = useQueryClient()
  return useAct<{ id: string; name: string; verb: Verb }, Follow>({
    send: ({ id, verb }, key) => {
      const params = { path: { follow_id: id }, header: once(key) }
      switch (verb) {
        case 'pause':
          return unwrap(api.POST('/api/v1/follows/{follow_id}/pause', { params }))
        case 'resume':
          return unwrap(api.POST('/api/v1/follows/{follow_id}/resume', { params }))
        case 'close':
          return unwrap(api.POST('/api/v1/follows/{follow_id}/close', { params }))
      }
    },
    done: (_, { name, verb }) => {
      void client.invalidateQueries({ queryKey: ['follows'] })
      say(t(SAYS[verb], { name }))
    },
  })
}

export function FollowsPanel({
  say,
  following,
  onFollow,
}: {
  say: Say
  following: string | null
  onFollow: (sourceId: string | null) => void
}) {
  const t = useTranslations('follows')
  const follows = useFollows()
  const [editing, setEditing] = useState<Follow | null>(null)
  const [closing, setClosing] = useState<Follow | null>(null)
  const act = useFollowAct(say)
  const create = (
    <Button kind="primary" onClick={() => onFollow('')}>
      {t('newFollow')}
    </Button>
  )
  return (
    <Panel title={t('follows')} actions={create}>
      {act.notes}
      {act.proof}
      <PagesView query={follows}>
        {(items) =>
          items.length === 0 ? (
            <Empty action={create}>{t('noFollows')}</Empty>
          ) : (
            <Table
              label={t('follows')}
              head={
                <>
                  <Th>{t('source')}</Th>
                  <Th>{t('account')}</Th>
                  <Th>{t('size')}</Th>
                  <Th>{t('mode')}</Th>
                  <Th>{t('state')}</Th>
                  <Th>{t('acts')}</Th>
                </>
              }
            >
              {items.map((follow) => (
                <FollowRow
                  key={follow.id}
                  follow={follow}
                  isBusy={act.isPending}
                  onAct={(verb, name) =>
                    verb === 'close' ? setClosing(follow) : act.run({ id: follow.id, name, verb })
                  }
                  onEdit={() => setEditing(follow)}
                />
              ))}
            </Table>
          )
        }
      </PagesView>
      {following === null ? null : (
        <FollowDialog sourceId={following} say={say} onClose={() => onFollow(null)} />
      )}
      {editing ? (
        <FollowDialog
          key={editing.id}
          follow={editing}
          sourceId={editing.source_id}
          say={say}
          onClose={() => setEditing(null)}
        />
      ) : null}
      {closing ? (
        <CloseFollow key={closing.id} follow={closing} say={say} onClose={() => setClosing(null)} />
      ) : null}
    </Panel>
  )
}

function FollowRow({
  follow,
  isBusy,
  onAct,
  onEdit,
}: {
  follow: Follow
  isBusy: boolean
  onAct: (verb: Verb, name: string) => void
  onEdit: () => void
}) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const { sizing } = useWords()
  const account = useAccount(follow.account_id)
  const name = follow.source_name ?? t('unknownSource')
  const isActive = follow.state === 'active'
  const mode = follow.mode ?? 'approve'
  const turn = isActive ? 'pause' : 'resume'
  return (
    <tr>
      <Td className="font-medium">
        {name} {follow.is_demo ? <Badge>{common('demo')}</Badge> : null}
      </Td>
      <Td>
        <AccountName id={follow.account_id} />
      </Td>
      <Td className="min-w-40 whitespace-normal">{sizing(follow, account?.currency)}</Td>
      <Td>
        <Badge tone={mode === 'auto' ? 'warn' : 'neutral'}>{t(`modes.${mode}`)}</Badge>
      </Td>
      <Td>
        <StateBadge state={follow.state} />
      </Td>
      <Td>
        {follow.state === 'closed' ? null : (
          <div className="flex gap-2 py-1">
            <Button size="small" aria-label={t('editThis', { name })} onClick={onEdit}>
              {t('edit')}
            </Button>
            <Button
              size="small"
              disabled={isBusy}
              aria-label={t(`${turn}This`, { name })}
              onClick={() => onAct(turn, name)}
            >
              {t(turn)}
            </Button>
            <Button
              size="small"
              kind="danger"
              aria-label={t('closeThis', { name })}
              onClick={() => onAct('close', name)}
            >
              {t('close')}
            </Button>
          </div>
        )}
      </Td>
    </tr>
  )
}

function CloseFollow({ follow, say, onClose }: { follow: Follow; say: Say; onClose: () => void }) {
  const t = useTranslations('follows')
  const name = follow.source_name ?? t('unknownSource')
  const act = useFollowAct((text) => {
    say(text)
    onClose()
  })
  return (
    <CloseDialog
      title={t('closeFollowTitle', { name })}
      what={t('closeFollowWhat')}
      name={name}
      act={{ ...act, run: () => act.run({ id: follow.id, name, verb: 'close' }) }}
      onClose={onClose}
    />
  )
}
