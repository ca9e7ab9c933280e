/** Logins at brokers and the accounts under them: what is open, what works, and the way to change it. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { PageTitle, Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { ConnectionPanel, type Wish } from './connection-panel.tsx'
import {
  CloseDialog,
  type Connection,
  OpenDialog,
  PauseDialog,
  PrimaryDialog,
  RenameDialog,
} from './dialogs.tsx'

/** Every connection: there are few, and a page that hid one would mislead. */
async function readAll(): Promise<Connection[]> {
  const all: Connection[] = []
  let cursor: string | null | undefined
  do {
    const query = { limit: 200, ...(cursor ? { cursor } : {}) }
    const page = await unwrap(api.GET('/api/v1/connections', { params: { query } }))
    all.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return all
}

const isOpen = (connection: Connection) => connection.state !== 'closed'

type Open = Wish | { act: 'open' }

export function ConnectionsPage() {
  const t = useTranslations('connections')
  const connections = useQuery({ queryKey: ['connections', 'list'], queryFn: readAll })
  const [wish, setWish] = useState<Open | null>(null)
  const [done, setDone] = useState<{ words: string; opened: boolean } | null>(null)
  const start = (next: Open) => {
    setDone(null)
    setWish(next)
  }
  const openButton = (
    <Button kind="primary" onClick={() => start({ act: 'open' })}>
      {t('open')}
    </Button>
  )
  return (
    <div className="flex flex-col gap-4">
      <PageTitle actions={connections.data?.some(isOpen) ? openButton : null}>{t('title')}</PageTitle>
      <p className="max-w-prose text-ink2">{t('intro')}</p>
      <div role="status" className="empty:hidden">
        {done ? <Done {...done} /> : null}
      </div>
      {connections.data === undefined ? (
        <Panel title={t('connections')}>
          <QueryView query={connections}>{() => null}</QueryView>
        </Panel>
      ) : (
        <QueryView query={connections}>
          {(all) => (
            <>
              {!all.some(isOpen) ? (
                <Panel title={t('connections')}>
                  <Empty action={openButton}>{t('none')}</Empty>
                </Panel>
              ) : null}
              {all.filter(isOpen).map((connection) => (
                <ConnectionPanel key={connection.id} connection={connection} onWish={start} />
              ))}
              <Closed connections={all.filter((connection) => !isOpen(connection))} />
            </>
          )}
        </QueryView>
      )}
      <Panel title={t('brokers')}>
        <p className="px-4 py-3 text-ink2">{t('brokersText')}</p>
      </Panel>
      <WishDialog
        wish={wish}
        onClose={() => setWish(null)}
        onDone={(words, opened) => setDone({ words, opened })}
      />
    </div>
  )
}

function Done({ words, opened }: { words: string; opened: boolean }) {
  const t = useTranslations('connections')
  const me = useQuery(meQuery)
  return (
    <div className="flex flex-col items-start gap-2 border-up border-l-4 bg-surface px-4 py-3">
      <p className="font-medium">{words}</p>
      {opened ? (
        <>
          <p>
            {t('next')} {me.data?.may_trade === false ? t('consents') : ''}
          </p>
          <div className="flex flex-wrap gap-2">
            {me.data?.may_trade === false ? (
              <Link to="/onboarding" className={buttonClass({ kind: 'primary' })}>
                {t('toOnboarding')}
              </Link>
            ) : null}
            <Link to="/follows" className={buttonClass()}>
              {t('toFollows')}
            </Link>
            <Link to="/risk" className={buttonClass()}>
              {t('toRisk')}
            </Link>
          </div>
        </>
      ) : null}
    </div>
  )
}

function Closed({ connections }: { connections: readonly Connection[] }) {
  const t = useTranslations('connections')
  const [open, setOpen] = useState(false)
  if (connections.length === 0) return null
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="min-h-8 cursor-pointer py-1 text-ink2">
        {t('closedText', { count: connections.length })}
      </summary>
      <div className="flex flex-col gap-4 pt-2">
        {open
          ? connections.map((connection) => (
              <ConnectionPanel key={connection.id} connection={connection} onWish={() => {}} />
            ))
          : null}
      </div>
    </details>
  )
}

function WishDialog({
  wish,
  onClose,
  onDone,
}: {
  wish: Open | null
  onClose: () => void
  onDone: (words: string, opened: boolean) => void
}) {
  const t = useTranslations('connections')
  const common = { onClose, onDone: (words: string) => onDone(words, false) }
  switch (wish?.act) {
    case 'open':
      return <OpenDialog onClose={onClose} onOpened={(label) => onDone(t('openedNow', { label }), true)} />
    case 'pause':
      return <PauseDialog connection={wish.connection} {...common} />
    case 'close':
      return <CloseDialog connection={wish.connection} {...common} />
    case 'rename':
      return <RenameDialog account={wish.account} {...common} />
    case 'primary':
      return <PrimaryDialog account={wish.account} {...common} />
    default:
      return null
  }
}
