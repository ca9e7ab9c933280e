/** Everybody who has an account here, page by page. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { Paged } from '@/features/audit/paged.tsx'

export function UsersPanel({ ownId, onShow }: { ownId: string; onShow: (id: string) => void }) {
  const t = useTranslations('admin')
  const common = useTranslations('common')
  const [typed, setTyped] = useState('')
  const [wanted, setWanted] = useState('')
  const users = useInfiniteQuery({
    queryKey: ['users', 'list', wanted],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET('/api/v1/admin/users', {
          params: { query: { query: wanted, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    // Each reading is recorded: only a person who asks should cause one.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  return (
    <Panel title={t('users')}>
      <form
        aria-label={t('searchPress')}
        className="flex flex-wrap items-end gap-3 border-line border-b px-4 py-3"
        onSubmit={(event) => {
          event.preventDefault()
          setWanted(typed.trim())
        }}
      >
        <div className="min-w-60 max-w-96 flex-1">
          <TextField
            label={t('search')}
            type="search"
            value={typed}
            maxLength={100}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Button type="submit">{t('searchPress')}</Button>
        <p className="w-full text-ink3 text-meta">{t('usersText')}</p>
      </form>
      <Paged
        query={users}
        empty={
          <Empty
            action={
              <Button
                onClick={() => {
                  setTyped('')
                  setWanted('')
                }}
              >
                {t('showAll')}
              </Button>
            }
          >
            {t('noUsers')}
          </Empty>
        }
      >
        {(items) => (
          <Table
            label={t('users')}
            head={
              <>
                <Th>{t('email')}</Th>
                <Th>{t('name')}</Th>
                <Th>{t('role')}</Th>
                <Th>{t('state')}</Th>
                <Th>{t('made')}</Th>
                <Th className="relative">
                  <span className="sr-only">{t('show')}</span>
                </Th>
              </>
            }
          >
            {items.map((user) => (
              <tr key={user.id}>
                <Td>
                  {user.email} {user.id === ownId ? <Badge tone="accent">{t('you')}</Badge> : null}{' '}
                  {user.is_demo ? <Badge>{common('demo')}</Badge> : null}
                </Td>
                <Td>{user.display_name}</Td>
                <Td>{t(`roles.${user.role}`)}</Td>
                <Td>
                  <Badge tone={user.state === 'active' ? 'good' : 'bad'}>{t(`states.${user.state}`)}</Badge>
                </Td>
                <Td>
                  <DateTime at={user.created_at} />
                </Td>
                <Td right>
                  <Button
                    size="small"
                    aria-label={t('showOf', { email: user.email })}
                    onClick={() => onShow(user.id)}
                  >
                    {t('show')}
                  </Button>
                </Td>
              </tr>
            ))}
          </Table>
        )}
      </Paged>
    </Panel>
  )
}
