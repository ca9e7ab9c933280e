/** The acts on connections and accounts. */
import Big from 'big.js'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { accountsQuery, portfolioQuery } from '@/api/queries.ts'
import { SelectField, TextField } from '@/components/field.tsx'
import { ActDialog } from './act-dialog.tsx'

export type Connection = Schemas['ConnectionRead']
export type Account = Schemas['AccountRead']

interface Common {
  onClose: () => void
  /** Told what happened, in words. */
  onDone: (words: string) => void
}

const MOST_ACCOUNTS = [1, 2, 3, 4, 5]
const LONGEST_LABEL = 60
const REFRESHES = [['connections'], accountsQuery.queryKey, portfolioQuery.queryKey]

function isCash(text: string): boolean {
  if (!/^\d{1,8}(\.\d{1,2})?$/.test(text)) return false
  const amount = new Big(text)
  return amount.gte(100) && amount.lte(10_000_000)
}

export function OpenDialog({
  onClose,
  onOpened,
}: {
  onClose: () => void
  onOpened: (label: string) => void
}) {
  const t = useTranslations('connections')
  const [label, setLabel] = useState('')
  const [cash, setCash] = useState('100000')
  const [accounts, setAccounts] = useState(1)
  const cashFits = isCash(cash.trim())
  return (
    <ActDialog
      title={t('openTitle')}
      text={t('openText')}
      press={t('openPress')}
      ready={label.trim() !== '' && cashFits}
      act={(key) =>
        unwrap(
          api.POST('/api/v1/connections', {
            params: { header: once(key) },
            body: { kind: 'paper', label: label.trim(), cash: cash.trim(), accounts },
          }),
        )
      }
      onDone={(connection) => onOpened(connection.label)}
      onClose={onClose}
      refreshes={REFRESHES}
    >
      <TextField
        label={t('label')}
        hint={t('labelHint')}
        value={label}
        maxLength={LONGEST_LABEL}
        required
        autoFocus
        onChange={(event) => setLabel(event.target.value)}
      />
      <TextField
        label={t('cash')}
        hint={t('cashHint')}
        error={cashFits ? undefined : t('cashWrong')}
        inputMode="decimal"
        value={cash}
        required
        onChange={(event) => setCash(event.target.value)}
      />
      <SelectField
        label={t('count')}
        value={accounts}
        onChange={(event) => setAccounts(Number(event.target.value))}
      >
        {MOST_ACCOUNTS.map((count) => (
          <option key={count}>{count}</option>
        ))}
      </SelectField>
    </ActDialog>
  )
}

export function RenameDialog({ account, onClose, onDone }: Common & { account: Account }) {
  const t = useTranslations('connections')
  const [label, setLabel] = useState(account.label)
  return (
    <ActDialog
      title={t('renameTitle')}
      text={t('renameText')}
      press={t('rename')}
      ready={label.trim() !== '' && label.trim() !== account.label}
      act={(key) =>
        unwrap(
          api.PATCH('/api/v1/accounts/{account_id}', {
            params: { path: { account_id: account.id }, header: once(key) },
            body: { label: label.trim() },
          }),
        )
      }
      onDone={(changed) => onDone(t('renamed', { label: changed.label }))}
      onClose={onClose}
      refreshes={REFRESHES}
    >
      <TextField
        label={t('label')}
        hint={t('labelHint')}
        value={label}
        maxLength={LONGEST_LABEL}
        required
        autoFocus
        onChange={(event) => setLabel(event.target.value)}
      />
    </ActDialog>
  )
}

export function PrimaryDialog({ account, onClose, onDone }: Common & { account: Account }) {
  const t = useTranslations('connections')
  const { label } = account
  return (
    <ActDialog
      title={t('primaryTitle', { label })}
      text={t('primaryText')}
      press={t('makePrimary')}
      act={(key) =>
        unwrap(
          api.PATCH('/api/v1/accounts/{account_id}', {
            params: { path: { account_id: account.id }, header: once(key) },
            body: { is_primary: true },
          }),
        )
      }
      onDone={() => onDone(t('primaryDone', { label }))}
      onClose={onClose}
      refreshes={REFRESHES}
    />
  )
}

/** Pausing takes one press; resuming takes no fewer. */
export function PauseDialog({ connection, onClose, onDone }: Common & { connection: Connection }) {
  const t = useTranslations('connections')
  const { id, label, state } = connection
  const name = state === 'paused' ? 'resume' : 'pause'
  return (
    <ActDialog
      title={t(`${name}Title`, { label })}
      text={t(`${name}Text`)}
      press={t(name)}
      act={(key) => {
        const params = { path: { connection_id: id }, header: once(key) }
        return unwrap(
          name === 'pause'
            ? api.POST('/api/v1/connections/{connection_id}/pause', { params })
            : api.POST('/api/v1/connections/{connection_id}/resume', { params }),
        )
      }}
      onDone={() => onDone(t(`${name}Done`, { label }))}
      onClose={onClose}
      refreshes={REFRESHES}
    />
  )
}

export function CloseDialog({ connection, onClose, onDone }: Common & { connection: Connection }) {
  const t = useTranslations('connections')
  const { id, label } = connection
  const [typed, setTyped] = useState('')
  return (
    <ActDialog
      title={t('closeTitle', { label })}
      text={t('closeText')}
      press={t('closePress')}
      danger
      ready={typed.trim() === label}
      act={(key) =>
        unwrap(
          api.POST('/api/v1/connections/{connection_id}/close', {
            params: { path: { connection_id: id }, header: once(key) },
          }),
        )
      }
      onDone={() => onDone(t('closeDone', { label }))}
      onClose={onClose}
      refreshes={REFRESHES}
    >
      <TextField
        label={t('closeType', { label })}
        value={typed}
        autoComplete="off"
        spellCheck={false}
        required
        autoFocus
        onChange={(event) => setTyped(event.target.value)}
      />
    </ActDialog>
  )
}
