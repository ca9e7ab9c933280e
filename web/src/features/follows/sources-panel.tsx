/** The caller's own sources and all that can be done with one. */
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { useAct } from '@/features/signals/act.tsx'
import { PagesView } from '@/features/signals/paging.tsx'
import { CloseDialog } from './close-dialog.tsx'
import { type Source, type SourceSecrets, useSources } from './queries.ts'
import { SecretsDialog } from './secrets-dialog.tsx'
import { NewSourceDialog, RotateDialog } from './source-dialogs.tsx'
import { StateBadge } from './state-badge.tsx'
import { TestSignalDialog } from './test-signal.tsx'

type Open = { kind: 'new' } | { kind: 'rotate' | 'close' | 'test'; source: Source }

export function SourcesPanel({
  say,
  onFollow,
}: {
  say: (text: ReactNode) => void
  onFollow: (sourceId: string) => void
}) {
  const t = useTranslations('follows')
  const sources = useSources('own')
  const [open, setOpen] = useState<Open | null>(null)
  const [secrets, setSecrets] = useState<SourceSecrets | null>(null)
  const close = () => setOpen(null)
  const setState = useSetState(say)
  const create = (
    <Button kind="primary" onClick={() => setOpen({ kind: 'new' })}>
      {t('newSource')}
    </Button>
  )
  const show = (made: SourceSecrets, text: 'made' | 'rotated') => {
    close()
    setSecrets(made)
    say(t(text, { name: made.source.name }))
  }
  return (
    <Panel title={t('sources')} actions={create}>
      {setState.notes}
      {setState.proof}
      <PagesView query={sources}>
        {(items) =>
          items.length === 0 ? (
            <Empty action={create}>{t('noSources')}</Empty>
          ) : (
            <Table
              label={t('sources')}
              head={
                <>
                  <Th>{t('name')}</Th>
                  <Th>{t('kind')}</Th>
                  <Th>{t('visibility')}</Th>
                  <Th>{t('address')}</Th>
                  <Th>{t('state')}</Th>
                  <Th>{t('acts')}</Th>
                </>
              }
            >
              {items.map((source) => (
                <SourceRow key={source.id} source={source}>
                  <SourceActs
                    source={source}
                    isBusy={setState.isPending}
                    onOpen={(kind) => setOpen({ kind, source })}
                    onState={(state) => setState.run({ id: source.id, name: source.name, state })}
                    onFollow={() => onFollow(source.id)}
                  />
                </SourceRow>
              ))}
            </Table>
          )
        }
      </PagesView>
      {open?.kind === 'new' ? (
        <NewSourceDialog onClose={close} onDone={(made) => show(made, 'made')} />
      ) : null}
      {open?.kind === 'rotate' ? (
        <RotateDialog source={open.source} onClose={close} onDone={(made) => show(made, 'rotated')} />
      ) : null}
      {open?.kind === 'test' ? <TestSignalDialog source={open.source} onClose={close} /> : null}
      {open?.kind === 'close' ? (
        <CloseSource key={open.source.id} source={open.source} say={say} onClose={close} />
      ) : null}
      {secrets ? <SecretsDialog secrets={secrets} onClose={() => setSecrets(null)} /> : null}
    </Panel>
  )
}

function SourceRow({ source, children }: { source: Source; children: ReactNode }) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  return (
    <tr>
      <Td className="min-w-32 whitespace-normal">
        <span className="font-medium">{source.name}</span>{' '}
        {source.is_demo ? <Badge>{common('demo')}</Badge> : null}
        {source.description ? <span className="block text-ink3 text-meta">{source.description}</span> : null}
      </Td>
      <Td>{t(`kinds.${source.kind}`)}</Td>
      <Td>{t(`visibilities.${source.visibility}`)}</Td>
      <Td>
        {source.hook_token_hint ? (
          <span className="numeric">{t('addressEnds', { hint: source.hook_token_hint })}</span>
        ) : (
          t('noAddress')
        )}
        {source.has_body_secret ? <span className="block text-ink3 text-meta">{t('secretKept')}</span> : null}
        {source.old_hook_token_until ? (
          <span className="block text-meta text-warn">
            {t.rich('oldUntil', { at: () => <DateTime at={source.old_hook_token_until} /> })}
          </span>
        ) : null}
      </Td>
      <Td>
        <StateBadge state={source.state} />
      </Td>
      <Td>{children}</Td>
    </tr>
  )
}

function SourceActs({
  source,
  isBusy,
  onOpen,
  onState,
  onFollow,
}: {
  source: Source
  isBusy: boolean
  onOpen: (kind: 'rotate' | 'close' | 'test') => void
  onState: (state: 'active' | 'paused') => void
  onFollow: () => void
}) {
  const t = useTranslations('follows')
  const { name, state } = source
  // The source of order tickets belongs to the trade page.
  if (state === 'closed' || source.kind === 'ticket') return null
  const isActive = state === 'active'
  return (
    <div className="flex gap-2 py-1">
      {isActive ? (
        <>
          <Button size="small" aria-label={t('test.openOf', { name })} onClick={() => onOpen('test')}>
            {t('test.open')}
          </Button>
          <Button size="small" aria-label={t('followThis', { name })} onClick={onFollow}>
            {t('follow')}
          </Button>
        </>
      ) : null}
      {source.kind === 'manual' ? null : (
        <Button size="small" aria-label={t('rotateThis', { name })} onClick={() => onOpen('rotate')}>
          {t('rotate')}
        </Button>
      )}
      <Button
        size="small"
        disabled={isBusy}
        aria-label={t(isActive ? 'pauseThis' : 'resumeThis', { name })}
        onClick={() => onState(isActive ? 'paused' : 'active')}
      >
        {t(isActive ? 'pause' : 'resume')}
      </Button>
      <Button
        size="small"
        kind="danger"
        aria-label={t('closeThis', { name })}
        onClick={() => onOpen('close')}
      >
        {t('close')}
      </Button>
    </div>
  )
}

type Change = { id: string; name: string; state: Schemas['SourceState'] }
const SAYS = { active: 'sourceResumed', paused: 'sourcePaused', closed: 'sourceClosed' } as const

function useSetState(say: (text: ReactNode) => void) {
  const t = useTranslations('follows')
  const client = useQueryClient()
  return useAct<Change, Source>({
    send: ({ id, state }, key) =>
      unwrap(
        api.PATCH('/api/v1/sources/{source_id}', {
          params: { path: { source_id: id }, header: once(key) },
          body: { state },
        }),
      ),
    done: (_, { name, state }) => {
      void client.invalidateQueries({ queryKey: ['sources'] })
      say(t(SAYS[state], { name }))
    },
  })
}

function CloseSource({
  source,
  say,
  onClose,
}: {
  source: Source
  say: (text: ReactNode) => void
  onClose: () => void
}) {
  const t = useTranslations('follows')
  const { name } = source
  const act = useSetState((text) => {
    say(text)
    onClose()
  })
  return (
    <CloseDialog
      title={t('closeSourceTitle', { name })}
      what={t('closeSourceWhat')}
      name={name}
      act={{ ...act, run: () => act.run({ id: source.id, name, state: 'closed' }) }}
      onClose={onClose}
    />
  )
}
