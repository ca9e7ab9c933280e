import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { onboardingQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { SelectField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { Done } from '@/features/settings/done.tsx'
import { useAct } from '@/features/settings/use-act.tsx'
import type { Onboarding } from './queries.ts'

type Profile = Schemas['ProfileUpdate']

const EXPERIENCES: readonly Profile['experience'][] = ['none', 'some', 'years', 'professional']
const TOLERANCES: readonly Profile['risk_tolerance'][] = ['cautious', 'balanced', 'bold']

export function ProfilePanel({ onboarding }: { onboarding: Onboarding }) {
  const t = useTranslations('onboarding')
  const client = useQueryClient()
  const [experience, setExperience] = useState(onboarding.experience)
  const [tolerance, setTolerance] = useState(onboarding.risk_tolerance)
  const save = useAct({
    send: (body: Profile, key) =>
      unwrap(api.PUT('/api/v1/me/onboarding', { params: { header: once(key) }, body })),
    onSuccess: (now) => {
      client.setQueryData(onboardingQuery.queryKey, now)
      void client.invalidateQueries({ queryKey: onboardingQuery.queryKey })
    },
  })
  return (
    <Panel title={t('profile')}>
      <form
        className="flex flex-col gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (experience && tolerance) save.run({ experience, risk_tolerance: tolerance })
        }}
      >
        <p>{t('profileText')}</p>
        <SelectField
          label={t('experience')}
          required
          value={experience ?? ''}
          onChange={(event) => {
            setExperience(EXPERIENCES.find((each) => each === event.target.value) ?? null)
            save.reset()
          }}
        >
          <option value="">{t('choose')}</option>
          {EXPERIENCES.map((each) => (
            <option key={each} value={each}>
              {t(`experiences.${each}`)}
            </option>
          ))}
        </SelectField>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 font-medium text-table">{t('tolerance')}</legend>
          {TOLERANCES.map((each) => (
            <label key={each} className="flex min-h-6 cursor-pointer items-start gap-2">
              <input
                type="radio"
                name="tolerance"
                required
                className="size-6 shrink-0 accent-accent"
                checked={tolerance === each}
                onChange={() => {
                  setTolerance(each)
                  save.reset()
                }}
              />
              <span className="leading-6">
                {t(`tolerances.${each}`)}
                <span className="block text-ink3 text-meta">{t(`toleranceTexts.${each}`)}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {save.error ? <ErrorNote error={save.error} wrote /> : null}
        <Done>{save.done ? t('profileSaved') : null}</Done>
        <div>
          <Button type="submit" kind="primary" disabled={save.busy || !experience || !tolerance}>
            {t('saveProfile')}
          </Button>
        </div>
      </form>
    </Panel>
  )
}
