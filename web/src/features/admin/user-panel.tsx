/** One user, and what an admin may do: disable, enable, set the role. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { SelectField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'
import { Exact } from '@/features/audit/parts.tsx'
import { ActDialog } from '@/features/connections/act-dialog.tsx'

type User = Schemas['UserRead']
const ROLES = ['user', 'support', 'operator', 'admin'] as const
const REFRESHES = [['users']]

export function UserPanel({
  id,
  onClose,
  onChain,
}: {
  id: string
  onClose: () => void
  onChain: (chain: string) => void
}) {
  const t = useTranslations('admin')
  const common = useTranslations('common')
  const [act, setAct] = useState<'state' | 'role' | null>(null)
  const [done, setDone] = useState('')
  const user = useQuery({
    queryKey: ['users', 'one', id],
    queryFn: () => unwrap(api.GET('/api/v1/admin/users/{user_id}', { params: { path: { user_id: id } } })),
    // Each reading is recorded: only a person who asks should cause one.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const start = (next: 'state' | 'role') => {
    setDone('')
    setAct(next)
  }
  const dialog = { onClose: () => setAct(null), onDone: setDone }
  return (
    <Panel
      title={t('user', { email: user.data?.email ?? '' })}
      actions={
        <Button size="small" onClick={onClose}>
          {common('close')}
        </Button>
      }
    >
      <QueryView query={user}>
        {(found) => (
          <div className="flex flex-col gap-3 px-4 py-3">
            <dl className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
              <div>
                <dt className="text-ink3 text-meta">{t('name')}</dt>
                <dd>{found.display_name}</dd>
              </div>
              <div>
                <dt className="text-ink3 text-meta">{t('role')}</dt>
                <dd>{t(`roles.${found.role}`)}</dd>
              </div>
              <div>
                <dt className="text-ink3 text-meta">{t('state')}</dt>
                <dd>
                  <Badge tone={found.state === 'active' ? 'good' : 'bad'}>{t(`states.${found.state}`)}</Badge>
                </dd>
              </div>
              <div>
                <dt className="text-ink3 text-meta">{t('made')}</dt>
                <dd>
                  <DateTime at={found.created_at} />
                </dd>
              </div>
              <Exact label={t('id')} className="sm:col-span-2 lg:col-span-4">
                {found.id}
              </Exact>
            </dl>
            <div className="flex flex-wrap gap-2">
              <Button kind={found.state === 'active' ? 'danger' : 'plain'} onClick={() => start('state')}>
                {t(found.state === 'active' ? 'disable' : 'enable')}
              </Button>
              <Button onClick={() => start('role')}>{t('setRole')}</Button>
              <Button kind="quiet" onClick={() => onChain(found.id)}>
                {t('toChain')}
              </Button>
            </div>
            <p role="status" className="font-medium empty:hidden">
              {done}
            </p>
            {act === 'state' ? <StateDialog user={found} {...dialog} /> : null}
            {act === 'role' ? <RoleDialog user={found} {...dialog} /> : null}
          </div>
        )}
      </QueryView>
    </Panel>
  )
}

interface DialogProps {
  user: User
  onClose: () => void
  onDone: (words: string) => void
}

function StateDialog({ user: { id, email, state }, onClose, onDone }: DialogProps) {
  const t = useTranslations('admin')
  const name = state === 'active' ? 'disable' : 'enable'
  return (
    <ActDialog
      title={t(`${name}Title`, { email })}
      text={t(`${name}Text`)}
      press={t(name)}
      danger={name === 'disable'}
      refreshes={REFRESHES}
      act={(key) => {
        const params = { path: { user_id: id }, header: once(key) }
        return unwrap(
          name === 'disable'
            ? api.POST('/api/v1/admin/users/{user_id}/disable', { params })
            : api.POST('/api/v1/admin/users/{user_id}/enable', { params }),
        )
      }}
      onDone={() => onDone(t(`${name}Done`, { email }))}
      onClose={onClose}
    />
  )
}

function RoleDialog({ user: { id, email, role: present }, onClose, onDone }: DialogProps) {
  const t = useTranslations('admin')
  const [role, setRole] = useState<User['role']>(present)
  return (
    <ActDialog
      title={t('setRoleTitle', { email })}
      text={t('setRoleText')}
      press={t('setRole')}
      ready={role !== present}
      refreshes={REFRESHES}
      act={(key) =>
        unwrap(
          api.PUT('/api/v1/admin/users/{user_id}/role', {
            params: { path: { user_id: id }, header: once(key) },
            body: { role },
          }),
        )
      }
      onDone={(changed) => onDone(t('setRoleDone', { email, role: t(`roles.${changed.role}`) }))}
      onClose={onClose}
    >
      <SelectField
        label={t('newRole')}
        value={role}
        onChange={(event) => setRole(ROLES.find((known) => known === event.target.value) ?? present)}
      >
        {ROLES.map((known) => (
          <option key={known} value={known}>
            {t(`roles.${known}`)}
          </option>
        ))}
      </SelectField>
    </ActDialog>
  )
}
