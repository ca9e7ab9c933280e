/** One connection: where it leads, whether it works, and the accounts under it. */
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import type { Account, Connection } from './dialogs.tsx'

export type Wish =
  | { act: 'pause' | 'close'; connection: Connection }
  | { act: 'rename' | 'primary'; account: Account }

const TONES = { active: 'good', paused: 'warn', expired: 'bad', closed: 'neutral' } as const

export function ConnectionPanel({
  connection,
  onWish,
}: {
  connection: Connection
  onWish: (wish: Wish) => void
}) {
  const t = useTranslations('connections')
  const app = useTranslations('app')
  const common = useTranslations('common')
  const { label, state } = connection
  const isLive = connection.environment === 'live'
  return (
    <Panel
      title={label}
      actions={
        state === 'closed' ? null : (
          <>
            {state === 'expired' ? null : (
              <Button
                size="small"
                aria-label={t(state === 'paused' ? 'resumeOf' : 'pauseOf', { label })}
                onClick={() => onWish({ act: 'pause', connection })}
              >
                {t(state === 'paused' ? 'resume' : 'pause')}
              </Button>
            )}
            <Button
              size="small"
              kind="danger"
              aria-label={t('closeOf', { label })}
              onClick={() => onWish({ act: 'close', connection })}
            >
              {t('close')}
            </Button>
          </>
        )
      }
    >
      <dl className="grid gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-2 lg:grid-cols-4">
        <Fact label={t('venue')}>
          {connection.venue === 'sim' ? t('builtIn') : connection.venue}{' '}
          <span className="text-ink3">{connection.venue}</span>
        </Fact>
        <Fact label={t('environment')}>
          <Badge tone={isLive ? 'bad' : 'warn'}>{isLive ? app('live') : app('paper')}</Badge>{' '}
          {connection.is_demo ? <Badge>{common('demo')}</Badge> : null}
        </Fact>
        <Fact label={t('state')}>
          <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
          <span className="mt-1 block text-ink2 text-meta">
            {connection.state_reason || t(`hints.${state}`)}
          </span>
        </Fact>
        <Fact label={t('changed')}>
          <DateTime at={connection.updated_at} />
          <span className="mt-1 block text-ink3 text-meta">
            {t('opened')} <DateTime at={connection.created_at} />
          </span>
        </Fact>
        {connection.credential_hint ? (
          <Fact label={t('credential')}>
            <span className="font-mono">{connection.credential_hint}</span>
          </Fact>
        ) : null}
      </dl>
      <AccountTable connection={connection} onWish={onWish} />
    </Panel>
  )
}

function AccountTable({ connection, onWish }: { connection: Connection; onWish: (wish: Wish) => void }) {
  const t = useTranslations('connections')
  return (
    <Table
      label={t('accountsOf', { label: connection.label })}
      head={
        <>
          <Th>{t('account')}</Th>
          <Th>{t('currency')}</Th>
          <Th>{t('state')}</Th>
          <Th right>{t('actions')}</Th>
        </>
      }
    >
      {connection.accounts.map((account) => {
        const { label } = account
        return (
          <tr key={account.id}>
            <Td>
              <span className="mr-2 font-medium">{label}</span>
              {account.is_primary ? <Badge tone="accent">{t('primary')}</Badge> : null}
            </Td>
            <Td>{account.currency}</Td>
            <Td>{t(`states.${account.state}`)}</Td>
            <Td right>
              {account.state === 'closed' ? null : (
                <span className="inline-flex gap-2">
                  {account.is_primary ? null : (
                    <Button
                      size="small"
                      kind="quiet"
                      aria-label={t('makePrimaryOf', { label })}
                      onClick={() => onWish({ act: 'primary', account })}
                    >
                      {t('makePrimary')}
                    </Button>
                  )}
                  <Button
                    size="small"
                    kind="quiet"
                    aria-label={t('renameOf', { label })}
                    onClick={() => onWish({ act: 'rename', account })}
                  >
                    {t('rename')}
                  </Button>
                </span>
              )}
            </Td>
          </tr>
        )
      })}
    </Table>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-ink3 text-meta">{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
