import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useId } from 'react'
import { useTranslations } from 'use-intl'
import { TextField } from '@/components/field.tsx'
import { type Instrument, instrumentsQuery } from './queries.ts'

/** A text field with the known symbols below it; `/` puts the cursor there. */
export function SymbolField({
  value,
  onChange,
  onKnown,
}: {
  value: string
  onChange: (symbol: string) => void
  onKnown: (instrument: Instrument | null) => void
}) {
  const t = useTranslations('trade')
  const list = useId()
  const asked = useDeferredValue(value.trim().toUpperCase())
  const found = useQuery(instrumentsQuery(asked))
  const items = found.data ?? []
  const known = items.find((instrument) => instrument.symbol === asked) ?? null
  const isSettled = found.isSuccess && asked === value.trim().toUpperCase()
  return (
    <>
      <TextField
        label={t('symbol')}
        hint={known ? known.name : t('symbolHint')}
        error={isSettled && asked !== '' && items.length === 0 ? t('unknownSymbol') : undefined}
        list={list}
        value={value}
        autoComplete="off"
        spellCheck={false}
        maxLength={40}
        required
        onChange={(event) => {
          const next = event.target.value.toUpperCase()
          onChange(next)
          onKnown(items.find((instrument) => instrument.symbol === next) ?? null)
        }}
        data-symbol-search
      />
      <datalist id={list}>
        {items.map((instrument) => (
          <option key={instrument.symbol} value={instrument.symbol}>
            {instrument.name}
          </option>
        ))}
      </datalist>
    </>
  )
}
