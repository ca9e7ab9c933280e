/** What can be done with a waiting plan, for every screen that shows one. */
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import type { Plan } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { Said, useAct } from './act.tsx'
import { ApproveDialog } from './approve-dialog.tsx'
import { useAccount, useWords } from './words.tsx'

export interface PlanActs {
  approve: (plan: Plan) => void
  correct: (plan: Plan) => void
  ignore: (plan: Plan, what: string) => void
  isIgnoring: boolean
  say: (text: ReactNode) => void
  /** The open dialog, the last refusal, and what was done: to be shown once per screen. */
  notes: ReactNode
}

export function ignorePlan(id: string, key: string) {
  return unwrap(
    api.POST('/api/v1/plans/{plan_id}/ignore', { params: { path: { plan_id: id }, header: once(key) } }),
  )
}

export function usePlanActs(): PlanActs {
  const t = useTranslations('signals')
  const client = useQueryClient()
  const [open, setOpen] = useState<{ plan: Plan; correcting: boolean } | null>(null)
  const [said, say] = useState<ReactNode>(null)
  const ignore = useAct<{ id: string; what: string }, Plan>({
    send: ({ id }, key) => ignorePlan(id, key),
    done: (_, { what }) => {
      say(t('ignored', { what }))
      void client.invalidateQueries({ queryKey: ['plans'] })
      void client.invalidateQueries({ queryKey: ['signals'] })
    },
  })
  return {
    approve: (plan) => setOpen({ plan, correcting: false }),
    correct: (plan) => setOpen({ plan, correcting: true }),
    ignore: (plan, what) => ignore.run({ id: plan.id, what }),
    isIgnoring: ignore.isPending,
    say,
    notes: (
      <>
        <Said>{said}</Said>
        {ignore.notes}
        {ignore.proof}
        {open ? (
          <ApproveDialog
            key={open.plan.id}
            plan={open.plan}
            correcting={open.correcting}
            onClose={() => setOpen(null)}
            onDone={(plan, what) => {
              setOpen(null)
              say(
                <>
                  {t('approved', { what })} <TraceLink id={plan.trace_id}>{t('watch')}</TraceLink>
                </>,
              )
            }}
          />
        ) : null}
      </>
    ),
  }
}

export function TraceLink({ id, label, children }: { id: string; label?: string; children: ReactNode }) {
  return (
    <Link
      to="/traces/$traceId"
      params={{ traceId: id }}
      aria-label={label}
      className="inline-flex min-h-6 items-center text-accent underline"
    >
      {children}
    </Link>
  )
}

export function PlanButtons({ plan, acts }: { plan: Plan; acts: PlanActs }) {
  const t = useTranslations('signals')
  const { phrase } = useWords()
  const account = useAccount(plan.account_id)
  const what = phrase(plan.intent, plan, account?.currency)
  return (
    <div className="flex flex-wrap gap-2">
      <Button kind="primary" aria-label={t('approveThis', { what })} onClick={() => acts.approve(plan)}>
        {t('approve')}
      </Button>
      <Button aria-label={t('correctThis', { what })} onClick={() => acts.correct(plan)}>
        {t('correct')}
      </Button>
      <Button
        aria-label={t('ignoreThis', { what })}
        disabled={acts.isIgnoring}
        onClick={() => acts.ignore(plan, what)}
      >
        {t('ignore')}
      </Button>
    </div>
  )
}
