/** The order ticket: what the account can do, in the trader's words; a preview comes before any sending. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { accountsQuery, capabilitiesQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { Button, buttonClass } from '@/components/button.tsx'
import { SelectField, TextField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, ErrorNote, QueryView } from '@/components/states.tsx'
import { cn } from '@/lib/cn.ts'
import { type Draft, EMPTY, needsLimit, needsStop, toOrder } from './draft.ts'
import type { Capabilities, Instrument } from './queries.ts'
import { QuoteLine } from './quote-line.tsx'
import { ReviewDialog } from './review-dialog.tsx'
import { SymbolField } from './symbol-field.tsx'

export function TicketPanel({ start, onSymbol }: { start: Partial<Draft>; onSymbol: (d: Draft) => void }) {
  const t = useTranslations('trade')
  const accounts = useQuery(accountsQuery)
  return (
    <Panel title={t('ticket')}>
      <QueryView query={accounts}>
        {(items) => {
          const open = items.filter((account) => account.state === 'active')
          const first =
            open.find((account) => account.id === start.accountId) ??
            open.find((a) => a.is_primary) ??
            open[0]
          return first === undefined ? (
            <Empty
              action={
                <Link to="/connections" className={buttonClass({ kind: 'primary' })}>
                  {t('openAccount')}
                </Link>
              }
            >
              {t('noAccount')}
            </Empty>
          ) : (
            <Ticket
              accounts={open}
              initial={{ ...EMPTY, ...start, accountId: first.id }}
              onSymbol={onSymbol}
            />
          )
        }}
      </QueryView>
    </Panel>
  )
}

type Account = { id: string; label: string; is_paper: boolean; currency: string }

function Ticket({
  accounts,
  initial,
  onSymbol,
}: {
  accounts: readonly Account[]
  initial: Draft
  onSymbol: (draft: Draft) => void
}) {
  const t = useTranslations('trade')
  const app = useTranslations('app')
  const [draft, setDraft] = useState(initial)
  const [instrument, setInstrument] = useState<Instrument | null>(null)
  const capabilities = useQuery(capabilitiesQuery(draft.accountId))
  const preview = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/orders/preview', { body: toOrder(draft) })),
  })
  const account = accounts.find((a) => a.id === draft.accountId)
  const change = (next: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...next }))
    preview.reset()
  }
  return (
    <form
      className="flex flex-col gap-4 p-4"
      onSubmit={(event) => {
        event.preventDefault()
        preview.mutate()
      }}
    >
      <div className="flex items-end gap-2">
        <div className="flex-1">
          <SelectField
            label={t('account')}
            value={draft.accountId}
            onChange={(event) => change({ accountId: event.target.value })}
          >
            {accounts.map((one) => (
              <option key={one.id} value={one.id}>
                {one.label}
              </option>
            ))}
          </SelectField>
        </div>
        <Badge tone={account?.is_paper === false ? 'bad' : 'accent'}>
          {account?.is_paper === false ? app('live') : app('paper')}
        </Badge>
      </div>
      <SymbolField
        value={draft.symbol}
        onChange={(symbol) => {
          change({ symbol })
          onSymbol({ ...draft, symbol })
        }}
        onKnown={(known) => {
          setInstrument(known)
          if (known?.asset_class === 'crypto') change({ symbol: known.symbol, timeInForce: 'gtc' })
        }}
      />
      {draft.symbol ? <QuoteLine symbol={draft.symbol} /> : null}
      {instrument?.is_open === false ? <p className="text-warn">{t('closedMarket')}</p> : null}
      <SideChoice draft={draft} change={change} />
      <QueryView query={capabilities} rows={4}>
        {(can) => <Terms draft={draft} change={change} can={can} />}
      </QueryView>
      {preview.isError ? <ErrorNote error={preview.error} /> : null}
      <Button
        type="submit"
        kind="primary"
        size="wide"
        disabled={!draft.symbol || preview.isPending || !capabilities.data}
      >
        {t('preview')}
      </Button>
      <p className="text-ink3 text-meta">{t('previewHint')}</p>
      {preview.data ? (
        <ReviewDialog
          draft={draft}
          preview={preview.data}
          onClose={() => preview.reset()}
          onDone={() => {
            preview.reset()
            change({ quantity: '', notional: '' })
          }}
        />
      ) : null}
    </form>
  )
}

type Change = (next: Partial<Draft>) => void

function SideChoice({ draft, change }: { draft: Draft; change: Change }) {
  const t = useTranslations('trade')
  return (
    <>
      <fieldset className="grid grid-cols-2 gap-2">
        <legend className="mb-1 font-medium text-table">{t('side')}</legend>
        {(['buy', 'sell'] as const).map((side) => (
          <label
            key={side}
            className={cn(
              'flex min-h-8 cursor-pointer items-center justify-center rounded-[6px] border border-line-strong font-medium has-focus-visible:outline-2 has-focus-visible:outline-offset-2 pointer-coarse:min-h-11',
              draft.side === side &&
                (side === 'buy' ? 'border-up bg-sunken text-up' : 'border-down bg-sunken text-down'),
            )}
          >
            <input
              type="radio"
              name="side"
              className="mr-2 size-4"
              checked={draft.side === side}
              onChange={() => change({ side })}
            />
            {t(side)}
          </label>
        ))}
      </fieldset>
      <SelectField
        label={t('effect')}
        value={draft.effect}
        onChange={(event) => change({ effect: event.target.value === 'close' ? 'close' : 'open' })}
      >
        <option value="open">{t('open')}</option>
        <option value="close">{t('close')}</option>
      </SelectField>
    </>
  )
}

function Terms({ draft, change, can }: { draft: Draft; change: Change; can: Capabilities }) {
  const t = useTranslations('trade')
  const amount = { inputMode: 'decimal', autoComplete: 'off', pattern: '[0-9]+([.][0-9]+)?' } as const
  return (
    <>
      <SelectField
        label={t('type')}
        hint={t('noCapability')}
        value={draft.type}
        onChange={(event) => change({ type: event.target.value as Draft['type'] })}
      >
        {can.order_types.map((type) => (
          <option key={type} value={type}>
            {t(`types.${type}`)}
          </option>
        ))}
      </SelectField>
      <div className="grid grid-cols-[8rem_1fr] gap-3">
        <SelectField
          label={t('sizeIn')}
          value={draft.sizeIn}
          onChange={(event) => change({ sizeIn: event.target.value === 'cash' ? 'cash' : 'units' })}
        >
          <option value="units">{t('units')}</option>
          <option value="cash">{t('cash')}</option>
        </SelectField>
        {draft.sizeIn === 'units' ? (
          <TextField
            label={t('quantity')}
            hint={draft.effect === 'close' ? t('quantityAll') : undefined}
            required={draft.effect === 'open'}
            value={draft.quantity}
            onChange={(event) => change({ quantity: event.target.value })}
            {...amount}
          />
        ) : (
          <TextField
            label={t('notional')}
            required={draft.effect === 'open'}
            value={draft.notional}
            onChange={(event) => change({ notional: event.target.value })}
            {...amount}
          />
        )}
      </div>
      {needsStop(draft.type) ? (
        <TextField
          label={t('stopPrice')}
          required
          value={draft.stopPrice}
          onChange={(event) => change({ stopPrice: event.target.value })}
          {...amount}
        />
      ) : null}
      {needsLimit(draft.type) ? (
        <TextField
          label={t('limitPrice')}
          required
          value={draft.limitPrice}
          onChange={(event) => change({ limitPrice: event.target.value })}
          {...amount}
        />
      ) : null}
      {draft.type === 'trailing_stop' ? (
        <TextField
          label={t('trailAmount')}
          hint={t('trailHint')}
          required
          value={draft.trailAmount}
          onChange={(event) => change({ trailAmount: event.target.value })}
          {...amount}
        />
      ) : null}
      <SelectField
        label={t('timeInForce')}
        value={draft.timeInForce}
        onChange={(event) => change({ timeInForce: event.target.value as Draft['timeInForce'] })}
      >
        {can.time_in_force.map((tif) => (
          <option key={tif} value={tif}>
            {t(`tif.${tif}`)}
          </option>
        ))}
      </SelectField>
      {draft.effect === 'open' ? (
        <details>
          <summary className="min-h-8 cursor-pointer font-medium">{t('bracket')}</summary>
          <div className="grid grid-cols-2 gap-3 pt-2">
            <TextField
              label={t('stopLoss')}
              value={draft.stopLoss}
              onChange={(event) => change({ stopLoss: event.target.value })}
              {...amount}
            />
            <TextField
              label={t('takeProfit')}
              value={draft.takeProfit}
              onChange={(event) => change({ takeProfit: event.target.value })}
              {...amount}
            />
          </div>
        </details>
      ) : null}
    </>
  )
}
