import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { meQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { SelectField, TextField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote, QueryView } from '@/components/states.tsx'
import { listCountries } from './countries.ts'
import { Done } from './done.tsx'
import type { Me } from './queries.ts'
import { useAct } from './use-act.tsx'

export function ProfileSection() {
  const t = useTranslations('settings')
  const me = useQuery(meQuery)
  return (
    <Panel title={t('profile')}>
      <QueryView query={me}>{(known) => <ProfileForm key={known.id} me={known} />}</QueryView>
    </Panel>
  )
}

function ProfileForm({ me }: { me: Me }) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const locale = useLocale()
  const client = useQueryClient()
  const [name, setName] = useState(me.display_name)
  const [country, setCountry] = useState(me.country ?? '')
  const countries = useMemo(() => listCountries(locale), [locale])
  const save = useAct({
    send: (body: { display_name: string; country: string | null }, key) =>
      unwrap(api.PATCH('/api/v1/me', { params: { header: once(key) }, body })),
    onSuccess: (saved) => {
      client.setQueryData(meQuery.queryKey, saved)
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
    },
  })
  return (
    <form
      className="flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        save.run({ display_name: name.trim(), country: country || null })
      }}
    >
      <TextField label={t('email')} hint={t('emailHint')} value={me.email} readOnly />
      <TextField
        label={t('displayName')}
        hint={t('displayNameHint')}
        autoComplete="name"
        maxLength={80}
        required
        value={name}
        onChange={(event) => {
          setName(event.target.value)
          save.reset()
        }}
      />
      <SelectField
        label={t('country')}
        hint={t('countryHint')}
        autoComplete="country"
        value={country}
        onChange={(event) => {
          setCountry(event.target.value)
          save.reset()
        }}
      >
        <option value="">{t('countryNone')}</option>
        {countries.map(({ code, name: text }) => (
          <option key={code} value={code}>
            {text}
          </option>
        ))}
      </SelectField>
      {save.error ? <ErrorNote error={save.error} wrote /> : null}
      <Done>{save.done ? common('saved') : null}</Done>
      <div>
        <Button type="submit" kind="primary" disabled={save.busy || !name.trim()}>
          {t('saveProfile')}
        </Button>
      </div>
    </form>
  )
}
