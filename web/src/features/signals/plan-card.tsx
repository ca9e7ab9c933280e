/** One waiting plan: enough to decide it without opening anything else. */
import { Link } from '@tanstack/react-router'
import type { Ref } from 'react'
import { useTranslations } from 'use-intl'
import type { Plan } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { DateTime, Figure, useNow } from '@/components/figures.tsx'
import { formatAge } from '@/lib/time.ts'
import { type PlanActs, PlanButtons, TraceLink } from './plan-acts.tsx'
import { AccountName, Fact, isOpening, Reasons, useAccount, useWords } from './words.tsx'

const SOON = 60_000

export function PlanCard({
  plan,
  acts,
  isCurrent,
  onFocus,
  ref,
}: {
  plan: Plan
  acts: PlanActs
  isCurrent: boolean
  onFocus: () => void
  ref: Ref<HTMLElement>
}) {
  const t = useTranslations('signals')
  const common = useTranslations('common')
  const { phrase, sizing, level } = useWords()
  const account = useAccount(plan.account_id)
  const { intent } = plan
  const what = phrase(intent, plan, account?.currency)
  return (
    <article
      ref={ref}
      tabIndex={-1}
      aria-label={what}
      onFocus={onFocus}
      data-current={isCurrent}
      className="flex min-w-0 flex-col gap-3 rounded-[8px] border border-line bg-surface p-4 data-[current=true]:border-accent"
    >
      <header className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold text-figure">{what}</h2>
        <TimeLeft until={plan.expires_at} />
      </header>
      <dl className="grid grid-cols-2 gap-3 lg:grid-cols-3">
        <Fact name={t('order')}>
          {t(`orderTypes.${intent.order_type ?? 'market'}`)}{' '}
          {intent.limit_price ? <Figure value={intent.limit_price} /> : null}
        </Fact>
        <Fact name={t('size')}>{isOpening(intent) ? sizing(plan, account?.currency) : t('sizing.none')}</Fact>
        <Fact name={t('account')}>
          <AccountName id={plan.account_id} />
        </Fact>
        <Fact name={t('source')}>{plan.source_name ?? t('unknownSource')}</Fact>
        <Fact name={t('held')}>
          <Reasons codes={plan.reason} />
        </Fact>
        <Fact name={t('arrived')}>
          <DateTime at={plan.created_at} className="whitespace-normal" /> <Age since={plan.created_at} />
        </Fact>
        {intent.stop_loss ? <Fact name={t('stop')}>{level(intent.stop_loss)}</Fact> : null}
        {intent.take_profits?.length ? (
          <Fact name={t('targets')}>{intent.take_profits.map(level).join('; ')}</Fact>
        ) : null}
      </dl>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <PlanButtons plan={plan} acts={acts} />
        <span className="flex items-center gap-4">
          {plan.is_demo ? <Badge>{common('demo')}</Badge> : null}
          <Link
            to="/signals/$signalId"
            params={{ signalId: plan.signal_id }}
            aria-label={t('openSignalOf', { what })}
            className="inline-flex min-h-6 items-center text-accent underline"
          >
            {t('openSignal')}
          </Link>
          <TraceLink id={plan.trace_id} label={t('openTraceOf', { what })}>
            {t('openTrace')}
          </TraceLink>
        </span>
      </div>
    </article>
  )
}

function Age({ since }: { since: string }) {
  const common = useTranslations('common')
  const now = useNow()
  return (
    <span className="whitespace-nowrap text-ink3 text-meta">
      {common('ago', { age: formatAge(now - Date.parse(since)) })}
    </span>
  )
}

export function TimeLeft({ until }: { until: string }) {
  const t = useTranslations('signals')
  const now = useNow()
  const left = Date.parse(until) - now
  if (left <= 0) return <Badge tone="bad">{t('timeUp')}</Badge>
  return <Badge tone={left < SOON ? 'warn' : 'neutral'}>{t('timeLeft', { age: formatAge(left) })}</Badge>
}
