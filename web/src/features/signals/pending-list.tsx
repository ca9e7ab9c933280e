/** The inbox: cards, keys to go through them, and a way to set all of them aside. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type Plan, pendingPlansQuery } from '@/api/queries.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, ErrorNote, QueryView } from '@/components/states.tsx'
import { newKey } from '@/lib/ids.ts'
import { useAct } from './act.tsx'
import { ignorePlan, type PlanActs, usePlanActs } from './plan-acts.tsx'
import { PlanCard } from './plan-card.tsx'
import { useWords } from './words.tsx'

export function PendingList() {
  const t = useTranslations('signals')
  const plans = useQuery(pendingPlansQuery)
  const acts = usePlanActs()
  return (
    <div className="flex flex-col gap-4">
      {acts.notes}
      {plans.data && plans.data.length > 0 ? (
        <>
          {plans.isError ? <ErrorNote error={plans.error} retry={() => void plans.refetch()} /> : null}
          <Cards plans={plans.data} acts={acts} />
        </>
      ) : (
        <Panel title={t('tabs.pending')}>
          <QueryView query={plans}>
            {() => (
              <Empty
                action={
                  <Link to="/follows" className={buttonClass({ kind: 'primary' })}>
                    {t('sendTest')}
                  </Link>
                }
              >
                {t('empty.pending')}
              </Empty>
            )}
          </QueryView>
        </Panel>
      )}
    </div>
  )
}

function isOff(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}

function Cards({ plans, acts }: { plans: Plan[]; acts: PlanActs }) {
  const t = useTranslations('signals')
  const { phrase } = useWords()
  const [isBulk, setBulk] = useState(false)
  const [currentId, setCurrent] = useState<string | null>(null)
  const cards = useRef(new Map<string, HTMLElement>())
  const place = useRef(0)
  const found = plans.findIndex((plan) => plan.id === currentId)
  if (found >= 0) place.current = found

  // When the chosen card has been decided, the one in its place is the next to look at.
  const hasGone = currentId !== null && found < 0
  useEffect(() => {
    if (!hasGone) return
    const next = plans[Math.min(place.current, plans.length - 1)]
    if (!next) return
    setCurrent(next.id)
    if (document.activeElement === document.body) cards.current.get(next.id)?.focus()
  }, [hasGone, plans])

  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isOff(event.target)) return
      const at = plans.findIndex((plan) => plan.id === currentId)
      if (event.key === 'j' || event.key === 'k') {
        const to = at < 0 ? 0 : at + (event.key === 'j' ? 1 : -1)
        const next = plans[Math.max(0, Math.min(plans.length - 1, to))]
        if (next) cards.current.get(next.id)?.focus()
        return
      }
      const plan = plans[at]
      if (!plan || event.repeat) return
      if (event.key === 'a') {
        event.preventDefault()
        acts.approve(plan)
      }
      if (event.key === 'i' && !acts.isIgnoring) acts.ignore(plan, phrase(plan.intent, plan))
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })

  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-ink3 text-meta max-md:hidden">{t('keys')}</p>
        <Button onClick={() => setBulk(true)}>{t('ignoreAll', { count: plans.length })}</Button>
      </div>
      <ul className="grid gap-4 xl:grid-cols-2">
        {plans.map((plan) => (
          <li key={plan.id} className="min-w-0">
            <PlanCard
              plan={plan}
              acts={acts}
              isCurrent={plan.id === currentId}
              onFocus={() => setCurrent(plan.id)}
              ref={(card) => {
                if (card) cards.current.set(plan.id, card)
                return () => {
                  cards.current.delete(plan.id)
                }
              }}
            />
          </li>
        ))}
      </ul>
      {isBulk ? <IgnoreAll plans={plans} say={acts.say} onClose={() => setBulk(false)} /> : null}
    </>
  )
}

function IgnoreAll({ plans, say, onClose }: { plans: Plan[]; say: PlanActs['say']; onClose: () => void }) {
  const t = useTranslations('signals')
  const common = useTranslations('common')
  const client = useQueryClient()
  const back = useRef<HTMLButtonElement>(null)
  // Those that were shown when it was asked, and none that arrived meanwhile.
  const [shown] = useState(() => plans.map((plan) => plan.id))
  const [keys] = useState(() => new Map(shown.map((id) => [id, newKey()])))
  useEffect(() => back.current?.focus(), [])
  const act = useAct<string[], { done: number; errors: unknown[] }>({
    send: async (ids) => {
      const errors: unknown[] = []
      for (const id of ids)
        await ignorePlan(id, keys.get(id) ?? newKey()).catch((error) => errors.push(error))
      return { done: ids.length - errors.length, errors }
    },
    done: ({ done, errors }) => {
      void client.invalidateQueries({ queryKey: ['plans'] })
      void client.invalidateQueries({ queryKey: ['signals'] })
      say(
        <>
          {t('ignoredAll', { done })}
          {errors.length > 0 ? (
            <>
              {' '}
              {t('ignoredSome', { failed: errors.length })} <ErrorNote error={errors[0]} />
            </>
          ) : null}
        </>,
      )
      onClose()
    },
  })
  const count = shown.length
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('ignoreAllTitle', { count })}
      footer={
        <>
          <Button ref={back} onClick={onClose}>
            {common('back')}
          </Button>
          <Button kind="primary" disabled={act.isPending} onClick={() => act.run(shown)}>
            {t('ignoreAll', { count })}
          </Button>
        </>
      }
    >
      <p>{t('ignoreAllWhat', { count })}</p>
      {act.notes}
      {act.proof}
    </Dialog>
  )
}
