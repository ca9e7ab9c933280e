import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { CheckField, TextField } from '@/components/field.tsx'
import type { Periods } from './drawing.ts'
import { PERIODS, readPeriod, type StudyKind } from './studies.ts'

const KINDS: readonly StudyKind[] = ['simple', 'exponential']

interface Choice {
  isOn: boolean
  period: string
}

export type Choices = Record<StudyKind, Choice>

export const FIRST_CHOICES: Choices = {
  simple: { isOn: false, period: '20' },
  exponential: { isOn: false, period: '50' },
}

/** Returns the periods to draw; null where a study is off or its period is not one. */
export function periodsOf({ simple, exponential }: Choices): Periods {
  const period = (choice: Choice) => (choice.isOn ? readPeriod(choice.period) : null)
  return { simple: period(simple), exponential: period(exponential) }
}

export function useStudies() {
  return useState<Choices>(FIRST_CHOICES)
}

export function StudiesFields({ choices, choose }: { choices: Choices; choose: (choices: Choices) => void }) {
  const t = useTranslations('chart')
  return (
    <fieldset className="flex flex-wrap gap-x-8 gap-y-3 border-line border-t px-4 py-3">
      <legend className="sr-only">{t('studies')}</legend>
      {KINDS.map((kind) => {
        const choice = choices[kind]
        const change = (part: Partial<Choice>) => choose({ ...choices, [kind]: { ...choice, ...part } })
        const isBad = choice.isOn && readPeriod(choice.period) === null
        return (
          <div key={kind} className="flex flex-wrap items-start gap-3">
            <CheckField
              label={t(kind)}
              checked={choice.isOn}
              onChange={(event) => change({ isOn: event.target.checked })}
            />
            {choice.isOn ? (
              <TextField
                label={t('period')}
                aria-label={t('periodOf', { study: t(kind) })}
                className="w-20"
                inputMode="numeric"
                value={choice.period}
                onChange={(event) => change({ period: event.target.value })}
                error={isBad ? t('badPeriod', PERIODS) : undefined}
              />
            ) : null}
          </div>
        )
      })}
    </fieldset>
  )
}
