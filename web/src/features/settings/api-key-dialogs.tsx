import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { CheckField, SelectField, TextField } from '@/components/field.tsx'
import { ErrorNote, QueryView } from '@/components/states.tsx'
import type { ApiKey, Scope } from './queries.ts'
import { useAct } from './use-act.tsx'

const ORDER: readonly Scope[] = ['read', 'trade', 'signals:write', 'support', 'operate', 'admin']
const DAYS = [7, 30, 90, 180, 365]
const USUAL_DAYS = 90

export function NewKeyDialog({
  onClose,
  onMade,
}: {
  onClose: () => void
  onMade: (key: Schemas['ApiKeyCreated']) => void
}) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const form = useId()
  const me = useQuery(meQuery)
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>(['read'])
  const [days, setDays] = useState(USUAL_DAYS)
  const make = useAct({
    send: (body: { name: string; scopes: Scope[]; expires_in_days: number }, key) =>
      unwrap(api.POST('/api/v1/me/api-keys', { params: { header: once(key) }, body })),
    onSuccess: onMade,
  })
  return (
    <>
      <Dialog
        open
        onClose={onClose}
        title={t('newKey')}
        footer={
          <>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button
              type="submit"
              form={form}
              kind="primary"
              disabled={make.busy || !name.trim() || scopes.length === 0}
            >
              {t('makeKey')}
            </Button>
          </>
        }
      >
        <p>{t('newKeyText')}</p>
        <form
          id={form}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            make.run({ name: name.trim(), scopes: [...scopes], expires_in_days: days })
          }}
        >
          <TextField
            label={t('keyName')}
            hint={t('keyNameHint')}
            autoComplete="off"
            maxLength={80}
            required
            autoFocus
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-1 font-medium text-table">{t('scopes')}</legend>
            <QueryView query={me}>
              {({ scopes: allowed }) =>
                ORDER.filter((scope) => allowed.includes(scope)).map((scope) => (
                  <CheckField
                    key={scope}
                    label={t(`scopeNames.${scope}`)}
                    hint={t(`scopeTexts.${scope}`)}
                    checked={scopes.includes(scope)}
                    onChange={(event) =>
                      setScopes(
                        allowed.filter((each) =>
                          each === scope ? event.target.checked : scopes.includes(each),
                        ),
                      )
                    }
                  />
                ))
              }
            </QueryView>
          </fieldset>
          <SelectField
            label={t('expiry')}
            hint={t('expiryHint')}
            value={days}
            onChange={(event) => setDays(DAYS.find((each) => `${each}` === event.target.value) ?? USUAL_DAYS)}
          >
            {DAYS.map((count) => (
              <option key={count} value={count}>
                {t('days', { count })}
              </option>
            ))}
          </SelectField>
        </form>
        {make.error ? <ErrorNote error={make.error} wrote /> : null}
      </Dialog>
      {make.proof}
    </>
  )
}

export function DeleteKeyDialog({
  apiKey,
  onClose,
  onDeleted,
  onRefused,
}: {
  apiKey: ApiKey
  onClose: () => void
  onDeleted: () => void
  onRefused: () => void
}) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const form = useId()
  const [typed, setTyped] = useState('')
  const remove = useAct({
    send: (id: string, key) =>
      unwrap(
        api.DELETE('/api/v1/me/api-keys/{key_id}', { params: { path: { key_id: id }, header: once(key) } }),
      ),
    onSuccess: onDeleted,
    onRefused,
  })
  return (
    <>
      <Dialog
        open
        onClose={onClose}
        title={t('deleteKeyWhat', { name: apiKey.name })}
        footer={
          <>
            <Button onClick={onClose}>{common('back')}</Button>
            <Button
              type="submit"
              form={form}
              kind="danger"
              disabled={remove.busy || typed.trim() !== apiKey.name.trim()}
            >
              {t('deleteKey')}
            </Button>
          </>
        }
      >
        <p>{t('deleteKeyText')}</p>
        <form
          id={form}
          onSubmit={(event) => {
            event.preventDefault()
            remove.run(apiKey.id)
          }}
        >
          <TextField
            label={t('typeName', { name: apiKey.name })}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </form>
        {remove.error ? <ErrorNote error={remove.error} wrote /> : null}
      </Dialog>
      {remove.proof}
    </>
  )
}
