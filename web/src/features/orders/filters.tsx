/** Account and symbol, kept in the address. */
import { type FormEvent, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { SelectField, TextField } from '@/components/field.tsx'

export function Filters({
  accounts,
  account,
  symbol,
  withSymbol,
  onChange,
}: {
  accounts: readonly Schemas['AccountRead'][]
  account: string
  symbol: string
  withSymbol: boolean
  onChange: (change: { account?: string; symbol?: string }) => void
}) {
  const t = useTranslations('orders')
  const [typed, setTyped] = useState(symbol)
  useEffect(() => setTyped(symbol), [symbol])
  function apply(event: FormEvent): void {
    event.preventDefault()
    onChange({ symbol: typed.trim().toUpperCase() })
  }
  return (
    <form
      aria-label={t('filters')}
      onSubmit={apply}
      className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3"
    >
      <div className="w-52">
        <SelectField
          label={t('account')}
          value={account}
          onChange={(event) => onChange({ account: event.target.value })}
        >
          <option value="">{t('allAccounts')}</option>
          {accounts.map((one) => (
            <option key={one.id} value={one.id}>
              {one.label}
            </option>
          ))}
        </SelectField>
      </div>
      {withSymbol ? (
        <div className="flex items-start gap-2">
          <div className="w-44">
            <TextField
              label={t('symbol')}
              hint={t('symbolHint')}
              value={typed}
              maxLength={32}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
          <Button type="submit" className="mt-6">
            {t('filter')}
          </Button>
        </div>
      ) : null}
      {account || symbol ? (
        <Button kind="quiet" className="mt-6" onClick={() => onChange({ account: '', symbol: '' })}>
          {t('clear')}
        </Button>
      ) : null}
    </form>
  )
}
