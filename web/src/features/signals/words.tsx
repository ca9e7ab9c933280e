/** Plans, intents and codes in words. */
import { useQuery } from '@tanstack/react-query'
import Big from 'big.js'
import { useLocale, useTranslations } from 'use-intl'
import { accountsQuery, type Plan } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { formatNumber } from '@/lib/numbers.ts'
import type { Intent } from './queries.ts'

type Level = { value: string; unit: keyof Texts['levels']; trailing?: boolean | undefined }
type Texts = import('@/i18n/messages.ts').Messages['signals']
type Sizing = Pick<Plan, 'sizing_mode' | 'sizing_value'>

const OPENING = new Set(['open_long', 'open_short'])
const CLOSING = new Set(['close', 'close_long', 'close_short', 'reduce'])

export function isOpening(intent: Pick<Intent, 'action'>): boolean {
  return OPENING.has(intent.action)
}

export function isClosing(intent: Pick<Intent, 'action'>): boolean {
  return CLOSING.has(intent.action)
}

/** Returns a code as words, for those that no catalogue knows. */
export function spell(code: string): string {
  const words = code.replaceAll('_', ' ').toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function useWords() {
  const t = useTranslations('signals')
  const locale = useLocale()
  const figure = (value: string): string => formatNumber(value, undefined, locale)

  function reason(code: string): string {
    const key = `reasons.${code}` as 'reasons.no_action'
    return t.has(key) ? t(key) : spell(code)
  }

  function level({ value, unit, trailing }: Level): string {
    const text = t(`levels.${unit}`, { value: figure(value) })
    return trailing ? t('levels.trailing', { level: text }) : text
  }

  /** Says side, quantity and symbol: what an order would do, as far as it is known before it is made. */
  function phrase(intent: Intent, sizing?: Sizing, currency: string = t('phrase.currency')): string {
    const side = t(`sides.${intent.action}`)
    const symbol = intent.symbol ?? (intent.action === 'cancel' ? t('phrase.all') : t('phrase.noSymbol'))
    const say = (
      name: 'units' | 'cash' | 'percent' | 'risk' | 'riskCash' | 'times' | 'part',
      value: string,
    ) => t(`phrase.${name}`, { side, symbol, currency, quantity: figure(value) })
    const own = (times: string): string | null => {
      if (!intent.quantity) return null
      const value = new Big(intent.quantity).times(times).toFixed()
      switch (intent.quantity_unit) {
        case 'cash':
          return say('cash', value)
        case 'percent_equity':
          return say('percent', value)
        case 'percent_position':
          return say('part', value)
        case 'risk_cash':
          return say('riskCash', value)
        case 'risk_percent':
          return say('risk', value)
        default:
          return say('units', value)
      }
    }
    if (isOpening(intent) && sizing) {
      const value = sizing.sizing_value
      switch (sizing.sizing_mode) {
        case 'fixed_quantity':
          return say('units', value)
        case 'fixed_cash':
          return say('cash', value)
        case 'percent_equity':
          return say('percent', value)
        case 'risk_to_stop':
          return say('risk', value)
        default:
          return own(value) ?? say('times', value)
      }
    }
    if (intent.fraction && isClosing(intent)) {
      const part = new Big(intent.fraction)
      return part.eq(1) ? t('phrase.whole', { side, symbol }) : say('part', part.times(100).toFixed())
    }
    return own('1') ?? t('phrase.plain', { side, symbol })
  }

  function sizing({ sizing_mode, sizing_value }: Sizing, currency: string = t('phrase.currency')): string {
    return t(`sizing.${sizing_mode}`, { value: figure(sizing_value), currency })
  }

  /** Returns a part of one, such as the confidence, as a percentage. */
  function share(value: string): string {
    return `${figure(new Big(value).times(100).round(1).toFixed())} %`
  }

  return { reason, level, phrase, sizing, share, figure }
}

/** Returns what is known of an account; null while or where it is not. */
export function useAccount(id: string) {
  const accounts = useQuery(accountsQuery)
  return accounts.data?.find((account) => account.id === id) ?? null
}

export function AccountName({ id }: { id: string }) {
  const t = useTranslations('signals')
  const app = useTranslations('app')
  const account = useAccount(id)
  if (!account) return <span className="text-ink3">{t('unknownAccount')}</span>
  return (
    <span className="inline-flex items-center gap-2">
      {account.label}
      <Badge tone={account.is_paper ? 'accent' : 'bad'}>
        {account.is_paper ? app('paper') : app('live')}
      </Badge>
    </span>
  )
}

/** The reasons of a plan: codes with a comma between them. */
export function Reasons({ codes }: { codes: string | readonly string[] }) {
  const { reason } = useWords()
  const list = typeof codes === 'string' ? codes.split(',').filter(Boolean) : codes
  if (list.length === 1 && list[0] !== undefined) return <>{reason(list[0])}</>
  return (
    <ul className="list-disc pl-5">
      {list.map((code) => (
        <li key={code}>{reason(code)}</li>
      ))}
    </ul>
  )
}

/** A name and its value in a definition list. */
export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-ink3 text-meta">{name}</dt>
      <dd className="wrap-break-word">{children}</dd>
    </div>
  )
}
