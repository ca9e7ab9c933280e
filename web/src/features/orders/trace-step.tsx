/** One step of a timeline: when, where, and what happened in words. */
import { CircleHelp, CircleX, type LucideIcon, OctagonX } from 'lucide-react'
import { useLocale, useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Figure } from '@/components/figures.tsx'
import type { Step } from '@/features/signals/queries.ts'
import { AccountName, Reasons, spell, useWords } from '@/features/signals/words.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { cn } from '@/lib/cn.ts'
import { formatTime } from '@/lib/time.ts'
import { TraceChecks, useAmount } from './trace-checks.tsx'
import {
  checksOf,
  isStopping,
  type Mark,
  markOf,
  millisecondsBetween,
  recordOf,
  textOf,
  textsOf,
  toUtc,
} from './trace-facts.ts'

const ICONS: Record<NonNullable<Mark>, LucideIcon> = {
  refused: OctagonX,
  rejected: CircleX,
  unknown: CircleHelp,
}

export function TraceStep({ step, first, withAccount }: { step: Step; first: string; withAccount: boolean }) {
  const t = useTranslations('signals')
  const name = useName()
  const mark = markOf(step)
  const Icon = mark ? ICONS[mark] : null
  return (
    <li
      className={cn(
        'grid gap-x-6 gap-y-1 px-4 py-3 md:grid-cols-[11rem_minmax(0,1fr)]',
        'border-l-4',
        mark === null ? 'border-l-transparent' : mark === 'unknown' ? 'border-l-warn' : 'border-l-danger',
      )}
    >
      <StepTime at={step.at} first={first} />
      <div className="flex min-w-0 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {Icon ? (
            <Icon
              aria-hidden="true"
              className={cn('size-4', mark === 'unknown' ? 'text-warn' : 'text-danger')}
            />
          ) : null}
          {name(step)}
          {mark ? <Badge tone={mark === 'unknown' ? 'warn' : 'bad'}>{t(`trace.${mark}Mark`)}</Badge> : null}
        </p>
        <div className="wrap-break-word text-ink2">
          <StepWords step={step} />
        </div>
        {step.step === 'risk' ? <TraceChecks step={step} /> : null}
        {(withAccount && step.account_id) || step.order_id ? (
          <p className="flex flex-wrap items-center gap-3 text-ink3 text-meta">
            {withAccount && step.account_id ? <AccountName id={step.account_id} /> : null}
            {step.order_id ? (
              <span className="numeric" title={step.order_id}>
                {t('trace.order', { id: step.order_id.slice(-8) })}
              </span>
            ) : null}
          </p>
        ) : null}
      </div>
    </li>
  )
}

function StepTime({ at, first }: { at: string; first: string }) {
  const t = useTranslations('signals')
  const locale = useLocale()
  const after = millisecondsBetween(first, at)
  const ms = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(after)
  return (
    <p className="flex items-baseline gap-3 md:flex-col md:gap-0">
      <time dateTime={at} title={toUtc(at)} className="numeric whitespace-nowrap">
        {formatTime(at, ZONE, locale)}
      </time>
      <span className="numeric whitespace-nowrap text-ink3 text-meta">
        {after === 0 ? t('trace.first') : t('trace.after', { ms })}
      </span>
    </p>
  )
}

function useName() {
  const t = useTranslations('signals')
  return (step: Step): string => {
    if (step.step === 'filled' && step.data['to'] === 'partially_filled') return t('trace.names.partly')
    const key = `trace.names.${step.step}` as 'trace.names.sent'
    return t.has(key) ? t(key) : spell(step.step)
  }
}

function StepWords({ step }: { step: Step }) {
  const t = useTranslations('signals')
  const { phrase, share, figure } = useWords()
  const { data } = step
  const planState = (): string => {
    const key = `planStates.${textOf(data['state'])}` as 'planStates.done'
    return t.has(key) ? t(key) : spell(textOf(data['state']))
  }
  switch (step.step) {
    case 'received': {
      const key = `dialects.${textOf(data['dialect'])}` as 'dialects.text'
      const text = textOf(data['text'])
      return (
        <>
          <p>{t('trace.words.received', { dialect: t.has(key) ? t(key) : textOf(data['dialect']) })}</p>
          {text ? <p className="wrap-anywhere whitespace-pre-wrap text-ink">{text}</p> : null}
        </>
      )
    }
    case 'parsed': {
      const intent = recordOf(data['intent'])
      const reasons = textsOf(data['reasons'])
      return (
        <>
          <p>
            {intent['action']
              ? t('trace.words.parsed', {
                  what: phrase(intent as unknown as Schemas['IntentRead']),
                  confidence: share(textOf(data['confidence']) || '0'),
                })
              : t('trace.words.nothing')}
          </p>
          {reasons.length > 0 ? <Reasons codes={reasons} /> : null}
        </>
      )
    }
    case 'planned':
      return (
        <>
          <p>{t('trace.words.planned', { state: planState() })}</p>
          {data['reason'] ? <Reasons codes={textOf(data['reason'])} /> : null}
        </>
      )
    case 'decided':
      return t(data['state'] === 'ignored' ? 'trace.words.ignored' : 'trace.words.agreed')
    case 'risk':
      return <RiskWords step={step} />
    case 'intent': {
      const known = <T extends string>(key: T, fallback: string): string =>
        t.has(key as 'title') ? t(key as 'title') : spell(fallback)
      const [role, side, type] = [textOf(data['role']), textOf(data['side']), textOf(data['type'])]
      return (
        <>
          {t('trace.words.intent', {
            role: known(`trace.roles.${role}`, role),
            side: known(`trace.orderSides.${side}`, side),
            quantity: figure(textOf(data['quantity']) || '0'),
            symbol: textOf(data['symbol']),
            type: known(`orderTypes.${type}`, type),
          })}{' '}
          <Level name={t('limit')} value={textOf(data['limit_price'])} />{' '}
          <Level name={t('detail.trigger')} value={textOf(data['stop_price'])} />
        </>
      )
    }
    case 'sent':
      return t('trace.words.sent', { attempt: textOf(data['attempt']) || '1' })
    case 'filled': {
      const [quantity, price] = [textOf(data['quantity']), textOf(data['price'])]
      return quantity && price
        ? t('trace.words.filled', { quantity: figure(quantity), price: figure(price) })
        : t('trace.words.filledPlain')
    }
    default: {
      const key = `trace.words.${step.step}` as 'trace.words.other'
      const why = textOf(data['reason']) || textOf(data['reason_code'])
      return (
        <>
          <p>{t.has(key) ? t(key) : t('trace.words.other', { state: spell(textOf(data['to'])) })}</p>
          {why ? <p className="text-ink">{why}</p> : null}
        </>
      )
    }
  }
}

function Level({ name, value }: { name: string; value: string }) {
  if (!value) return null
  return (
    <span>
      {name} <Figure value={value} />.
    </span>
  )
}

function RiskWords({ step }: { step: Step }) {
  const t = useTranslations('signals')
  const { reason } = useWords()
  const amount = useAmount()
  const outcome = textOf(step.data['outcome'])
  const key = `trace.words.${outcome}` as 'trace.words.approved'
  const stopping = checksOf(step).filter(isStopping)
  const reasons = textsOf(step.data['reasons']).filter(
    (code) => !stopping.some((check) => check.code === code),
  )
  return (
    <>
      <p>{t.has(key) ? t(key) : spell(outcome)}</p>
      {stopping.length + reasons.length > 0 ? (
        <ul className="list-disc pl-5 text-ink">
          {stopping.map(({ rule, code, value, limit, unit }) => (
            <li key={`${rule}${code}`}>
              {value === null || limit === null
                ? reason(code)
                : t('trace.against', {
                    reason: reason(code),
                    value: amount(value, unit),
                    limit: amount(limit, unit),
                  })}
            </li>
          ))}
          {reasons.map((code) => (
            <li key={code}>{reason(code)}</li>
          ))}
        </ul>
      ) : null}
    </>
  )
}
