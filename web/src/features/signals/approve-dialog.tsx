/** The last look before a plan becomes an order: what, where, and, where wanted, corrected or confirmed. */
import { useQueryClient } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { CheckField } from '@/components/field.tsx'
import { useRealtime } from '@/realtime/provider.tsx'
import { useAct } from './act.tsx'
import { ConfirmFields, EMPTY_CONFIRMATION, isConfirmed, wantsConfirmation } from './confirm-fields.tsx'
import { CorrectFields } from './correct-fields.tsx'
import { corrected, findFaults, toCorrection, UNCHANGED } from './correction.ts'
import { Fact, Reasons, useAccount, useWords } from './words.tsx'

type Body = Schemas['PlanApprove']

export function ApproveDialog({
  plan,
  correcting,
  onClose,
  onDone,
}: {
  plan: Plan
  correcting: boolean
  onClose: () => void
  onDone: (plan: Plan, what: string) => void
}) {
  const t = useTranslations('signals')
  const common = useTranslations('common')
  const client = useQueryClient()
  const words = useWords()
  const account = useAccount(plan.account_id)
  const { link } = useRealtime()
  const back = useRef<HTMLButtonElement>(null)
  const asked = wantsConfirmation(plan)
  const [form, setForm] = useState(UNCHANGED)
  const [isAhead, setAhead] = useState(asked)
  const [confirmation, setConfirmation] = useState(EMPTY_CONFIRMATION)

  // A press of Enter by habit must not send an order.
  useEffect(() => back.current?.focus(), [])

  const faults = findFaults(form)
  const correction = faults.size === 0 ? toCorrection(form, plan) : {}
  const after = corrected(plan, correction)
  const what = words.phrase(after.intent, after, account?.currency)
  const symbol = after.intent.symbol ?? ''
  const isReady = faults.size === 0 && (!isAhead || isConfirmed(confirmation, symbol))

  const act = useAct<Body, Plan>({
    send: (body, key) =>
      unwrap(
        api.POST('/api/v1/plans/{plan_id}/approve', {
          params: { path: { plan_id: plan.id }, header: once(key) },
          body,
        }),
      ),
    done: (approved) => {
      void client.invalidateQueries({ queryKey: ['plans'] })
      void client.invalidateQueries({ queryKey: ['signals'] })
      void client.invalidateQueries({ queryKey: ['trace', approved.trace_id] })
      onDone(approved, what)
    },
  })

  function send(): void {
    const body: Body = {}
    if (Object.keys(correction).length > 0) body.intent = correction
    if (isAhead)
      body.confirmation = {
        symbol: confirmation.symbol.trim(),
        notional: confirmation.notional.trim(),
        reason: confirmation.reason.trim(),
      }
    act.run(body)
  }

  const name = t('approveThis', { what })
  return (
    <Dialog
      open
      onClose={onClose}
      title={correcting ? t('correctThis', { what }) : name}
      footer={
        <>
          <Button ref={back} onClick={onClose}>
            {common('back')}
          </Button>
          <Button
            kind="primary"
            disabled={!isReady || act.isPending}
            onClick={send}
            className="whitespace-normal"
          >
            {name}
          </Button>
        </>
      }
    >
      <p>{t('approveWhat', { account: account?.label ?? t('unknownAccount') })}</p>
      {account && !account.is_paper ? <Warning>{t('approveLive')}</Warning> : null}
      {link.state === 'live' || link.state === 'connecting' ? null : <Warning>{t('approveDelayed')}</Warning>}
      <dl className="grid grid-cols-2 gap-3">
        <Fact name={t('source')}>{plan.source_name ?? t('unknownSource')}</Fact>
        <Fact name={t('held')}>
          <Reasons codes={plan.reason} />
        </Fact>
      </dl>
      {correcting ? <CorrectFields plan={plan} form={form} faults={faults} onChange={setForm} /> : null}
      {asked ? null : (
        <CheckField
          label={t('confirmAhead')}
          checked={isAhead}
          onChange={(event) => setAhead(event.target.checked)}
        />
      )}
      {isAhead ? (
        <ConfirmFields plan={plan} symbol={symbol} value={confirmation} onChange={setConfirmation} />
      ) : null}
      {act.notes}
      {act.proof}
    </Dialog>
  )
}

function Warning({ children }: { children: React.ReactNode }) {
  return (
    <p className="flex items-start gap-2 font-medium text-warn">
      <TriangleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0" />
      {children}
    </p>
  )
}
