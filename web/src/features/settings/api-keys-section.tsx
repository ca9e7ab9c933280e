import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { DeleteKeyDialog, NewKeyDialog } from './api-key-dialogs.tsx'
import { Done } from './done.tsx'
import { type ApiKey, apiKeysQuery } from './queries.ts'
import { Secret } from './secret.tsx'

export function ApiKeysSection() {
  const t = useTranslations('settings')
  const client = useQueryClient()
  const keys = useQuery(apiKeysQuery)
  const [isMaking, setMaking] = useState(false)
  const [deleting, setDeleting] = useState<ApiKey | null>(null)
  const [made, setMade] = useState<{ name: string; key: string } | null>(null)
  const [deleted, setDeleted] = useState<string | null>(null)
  const refresh = () => void client.invalidateQueries({ queryKey: apiKeysQuery.queryKey })
  const make = (
    <Button size="small" onClick={() => setMaking(true)}>
      {t('newKey')}
    </Button>
  )
  return (
    <Panel title={t('apiKeys')} actions={keys.data?.length ? make : null}>
      <p className="px-4 pt-3 pb-2 text-ink2">{t('apiKeysText')}</p>
      {made ? (
        <div className="flex flex-col gap-3 p-4">
          <Done>{t('keyMade', { name: made.name })}</Done>
          <Secret label={t('key')} value={made.key} />
          <div>
            <Button kind="primary" onClick={() => setMade(null)}>
              {t('keyStored')}
            </Button>
          </div>
        </div>
      ) : (
        <Done className="mx-4">{deleted === null ? null : t('keyDeleted', { name: deleted })}</Done>
      )}
      <QueryView query={keys}>
        {(items) =>
          items.length === 0 ? (
            <Empty action={make}>{t('noKeys')}</Empty>
          ) : (
            <Table
              label={t('keyList')}
              head={
                <>
                  <Th>{t('keyName')}</Th>
                  <Th>{t('keyEnd')}</Th>
                  <Th>{t('scopes')}</Th>
                  <Th>{t('keyCreated')}</Th>
                  <Th>{t('lastUsed')}</Th>
                  <Th>{t('expires')}</Th>
                  {/* Positioned, or the hidden text would widen the page beyond the table. */}
                  <Th className="relative">
                    <span className="sr-only">{t('actions')}</span>
                  </Th>
                </>
              }
            >
              {items.map((key) => (
                <KeyRow key={key.id} apiKey={key} onDelete={() => setDeleting(key)} />
              ))}
            </Table>
          )
        }
      </QueryView>
      {isMaking ? (
        <NewKeyDialog
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMade({ name: key.name, key: key.key })
            setDeleted(null)
            setMaking(false)
            refresh()
          }}
        />
      ) : null}
      {deleting ? (
        <DeleteKeyDialog
          apiKey={deleting}
          onClose={() => setDeleting(null)}
          onDeleted={() => {
            setDeleted(deleting.name)
            setDeleting(null)
            refresh()
          }}
          onRefused={refresh}
        />
      ) : null}
    </Panel>
  )
}

function KeyRow({ apiKey, onDelete }: { apiKey: ApiKey; onDelete: () => void }) {
  const t = useTranslations('settings')
  return (
    <tr>
      <Td className="max-w-64 truncate font-medium">{apiKey.name}</Td>
      <Td className="numeric">…{apiKey.hint}</Td>
      <Td>{apiKey.scopes.map((scope) => t(`scopeNames.${scope}`)).join(', ')}</Td>
      <Td>
        <DateTime at={apiKey.created_at} />
      </Td>
      <Td>{apiKey.last_used_at ? <DateTime at={apiKey.last_used_at} /> : t('neverUsed')}</Td>
      <Td>
        <DateTime at={apiKey.expires_at} />
      </Td>
      <Td className="text-right">
        <Button
          size="small"
          kind="danger"
          aria-label={t('deleteKeyWhat', { name: apiKey.name })}
          onClick={onDelete}
        >
          {t('deleteKey')}
        </Button>
      </Td>
    </tr>
  )
}
