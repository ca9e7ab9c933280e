import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { applyAppearance, type Density, type Palette, readAppearance, type Theme } from '@/app/appearance.ts'
import { SelectField } from '@/components/field.tsx'
import { Change } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { useLanguage } from '@/i18n/index.tsx'
import { LANGUAGES } from '@/i18n/messages.ts'

const THEMES: readonly Theme[] = ['light', 'dark']
const DENSITIES: readonly Density[] = ['comfortable', 'compact']
const PALETTES: readonly Palette[] = ['green-red', 'blue-orange', 'red-up']

export function AppearanceSection() {
  const t = useTranslations('settings')
  const [appearance, setAppearance] = useState(readAppearance)
  const { language, choose } = useLanguage()
  const change = (part: Parameters<typeof applyAppearance>[0]) => setAppearance(applyAppearance(part))
  return (
    <Panel title={t('appearance')}>
      <div className="flex flex-col gap-4 p-4">
        <p className="text-ink2">{t('appearanceText')}</p>
        <Choice
          label={t('theme')}
          value={appearance.theme}
          options={THEMES}
          text={(theme) => t(`themes.${theme}`)}
          onChange={(theme) => change({ theme })}
        />
        <Choice
          label={t('density')}
          value={appearance.density}
          options={DENSITIES}
          text={(density) => t(`densities.${density}`)}
          onChange={(density) => change({ density })}
        />
        <div className="flex flex-col gap-2">
          <Choice
            label={t('palette')}
            hint={t('paletteHint')}
            value={appearance.palette}
            options={PALETTES}
            text={(palette) => t(`palettes.${palette}`)}
            onChange={(palette) => change({ palette })}
          />
          <p className="flex gap-4">
            <span className="text-ink3">{t('example')}</span>
            <Change value="1.25" decimals={2} />
            <Change value="-1.25" decimals={2} />
          </p>
        </div>
        <Choice
          label={t('language')}
          value={language}
          options={LANGUAGES}
          // Each in its own language, so that it is found by whoever cannot read the present one.
          text={(code) => ({ en: 'English', de: 'Deutsch' })[code]}
          onChange={choose}
        />
      </div>
    </Panel>
  )
}

function Choice<T extends string>({
  label,
  hint,
  value,
  options,
  text,
  onChange,
}: {
  label: string
  hint?: string
  value: T
  options: readonly T[]
  text: (option: T) => string
  onChange: (option: T) => void
}) {
  return (
    <SelectField
      label={label}
      hint={hint}
      value={value}
      onChange={(event) => {
        const chosen = options.find((option) => option === event.target.value)
        if (chosen !== undefined) onChange(chosen)
      }}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {text(option)}
        </option>
      ))}
    </SelectField>
  )
}
