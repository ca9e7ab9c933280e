/** What the order comes to, with every check, before anything is sent; then one press, and where to watch it. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button, buttonClass } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import { Figure } from '@/components/figures.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { newKey } from '@/lib/ids.ts'
import { formatNumber } from '@/lib/numbers.ts'
import { type Confirmation, type Draft, toOrder } from './draft.ts'
import type { OrderPreview } from './queries.ts'

export function ReviewDialog({
  draft,
  preview,
  onClose,
  onDone,
}: {
  draft: Draft
  preview: OrderPreview
  onClose: () => void
  onDone: () => void
}) {
  const t = useTranslations('trade')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [key] = useState(newKey)
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const needsWord = preview.outcome === 'confirm'
  const act = t(`acts.${preview.side ?? draft.side}`)
  const what = { act, quantity: formatNumber(preview.quantity), symbol: preview.symbol ?? draft.symbol }
  const isReady =
    preview.outcome === 'approved' || (needsWord && typed === draft.symbol && reason.trim().length >= 3)
  const place = useMutation({
    mutationFn: () => {
      const confirmation: Confirmation | undefined = needsWord
        ? { symbol: typed, notional: preview.estimated_notional ?? '0', reason: reason.trim() }
        : undefined
      return unwrap(
        api.POST('/api/v1/orders', { params: { header: once(key) }, body: toOrder(draft, confirmation) }),
      )
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['orders'] })
      void client.invalidateQueries({ queryKey: ['signals'] })
    },
  })

  if (place.data) {
    return (
      <Dialog
        open
        onClose={onDone}
        title={t('reviewTitle', what)}
        footer={
          <>
            <Button onClick={onDone}>{t('another')}</Button>
            <Link
              to="/traces/$traceId"
              params={{ traceId: place.data.trace_id }}
              className={buttonClass({ kind: 'primary' })}
            >
              {t('openTimeline')}
            </Link>
          </>
        }
      >
        <p role="status">{place.data.duplicate ? t('again') : t('sent')}</p>
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('reviewTitle', what)}
      className="w-[min(44rem,calc(100vw-2rem))]"
      footer={
        <>
          <Button data-autofocus onClick={onClose}>
            {common('back')}
          </Button>
          {preview.outcome === 'refused' ? null : (
            <Button kind="primary" disabled={!isReady || place.isPending} onClick={() => place.mutate()}>
              {t('reviewSend', what)}
            </Button>
          )}
        </>
      }
    >
      <Verdict preview={preview} />
      <Figures preview={preview} />
      {needsWord ? (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label={t('typeSymbol')}
            hint={draft.symbol}
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value.toUpperCase())}
          />
          <TextField
            label={t('typeReason')}
            value={reason}
            minLength={3}
            maxLength={500}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
      ) : null}
      {place.isError ? <ErrorNote error={place.error} wrote /> : null}
      <Checks preview={preview} />
    </Dialog>
  )
}

function Verdict({ preview }: { preview: OrderPreview }) {
  const t = useTranslations('trade')
  const stands = preview.checks.filter((check) =>
    ['refuse', 'soft', 'unavailable'].includes(String(check['outcome'])),
  )
  return (
    <div role="status" className="flex flex-col gap-2">
      <p className={preview.outcome === 'approved' ? 'font-medium' : 'font-medium text-danger'}>
        {preview.outcome === 'approved'
          ? t('approved')
          : preview.outcome === 'confirm'
            ? t('confirmNeeded')
            : t('refused')}
      </p>
      {stands.length > 0 ? (
        <ul className="list-disc pl-5">
          {stands.map((check) => (
            <li key={`${String(check['rule'])}${String(check['code'])}`}>{String(check['text'])}</li>
          ))}
        </ul>
      ) : null}
    </div>
  )
}

function Figures({ preview }: { preview: OrderPreview }) {
  const t = useTranslations('trade')
  const stop = preview.exits?.['stop']
  const targets = preview.exits?.['targets']
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-2 sm:grid-cols-4">
      <Item label={t('cost')}>
        <Figure value={preview.estimated_price} />
      </Item>
      <Item label={t('notionalShown')}>
        <Figure value={preview.estimated_notional} decimals={2} /> {preview.currency}
      </Item>
      <Item label={t('buyingPower')}>
        <Figure value={preview.buying_power} decimals={2} />
      </Item>
      <Item label={t('sentAs')}>
        {preview.order_type ? t(`types.${preview.order_type}`) : '–'}{' '}
        {preview.limit_price ? <Figure value={preview.limit_price} /> : null}
      </Item>
      {preview.exits ? (
        <Item label={t('exits')}>
          {typeof stop === 'string' ? <span className="block">{t('stopAt', { price: stop })}</span> : null}
          {Array.isArray(targets)
            ? targets.map((target) => (
                <span key={String(target)} className="block">
                  {t('targetAt', { price: String(target) })}
                </span>
              ))
            : null}
        </Item>
      ) : null}
    </dl>
  )
}

function Item({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="text-ink3 text-meta">{label}</dt>
      <dd className="numeric">{children}</dd>
    </div>
  )
}

function Checks({ preview }: { preview: OrderPreview }) {
  const t = useTranslations('trade')
  return (
    <details>
      <summary className="min-h-8 cursor-pointer font-medium">
        {t('checks', { count: preview.checks.length })}
      </summary>
      <Table
        label={t('checks', { count: preview.checks.length })}
        head={
          <>
            <Th>{t('rule')}</Th>
            <Th>{t('outcome')}</Th>
            <Th>{t('text')}</Th>
          </>
        }
      >
        {preview.checks.map((check) => (
          <tr key={`${String(check['rule'])}${String(check['code'])}`}>
            <Td>{String(check['rule'])}</Td>
            <Td>
              <Badge tone={check['outcome'] === 'pass' || check['outcome'] === 'skipped' ? 'neutral' : 'bad'}>
                {String(check['outcome'])}
              </Badge>
            </Td>
            <Td className="whitespace-normal">{String(check['text'])}</Td>
          </tr>
        ))}
      </Table>
    </details>
  )
}
