/** Words for limits, their values, and who changed them. */
import { useQuery } from '@tanstack/react-query'
import Big from 'big.js'
import { useCallback } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { meQuery } from '@/api/queries.ts'
import { formatNumber } from '@/lib/numbers.ts'
import { risk } from './en.ts'
import { isPart, unitOf, type Value, valueIn } from './limit-values.ts'
import type { Layer, Limit } from './risk-queries.ts'

const KNOWN = Object.keys(risk.names) as (keyof typeof risk.names)[]

export function useLimitWords() {
  const t = useTranslations('risk')
  const common = useTranslations('common')
  const classes = useTranslations('positions.classes')
  const locale = useLocale()

  const name = useCallback(
    (limit: Pick<Limit, 'name' | 'text'>) => {
      const known = KNOWN.find((one) => one === limit.name)
      return known ? t(`names.${known}`) : limit.text
    },
    [t],
  )

  const amount = useCallback(
    (limit: Limit, value: string | number) =>
      formatNumber(
        isPart(limit) ? new Big(String(value)).times(100).toFixed() : String(value),
        undefined,
        locale,
      ),
    [locale],
  )

  const unit = useCallback(
    (limit: Limit) => {
      const known = unitOf(limit)
      return known ? t(`units.${known}`) : limit.unit
    },
    [t],
  )

  const value = useCallback(
    (limit: Limit, shown: Value, absent: string) => {
      if (shown === null) return absent
      if (typeof shown === 'boolean') return shown ? common('yes') : common('no')
      if (Array.isArray(shown)) {
        if (shown.length === 0) return common('none')
        const isClasses = limit.name === 'asset_classes'
        return shown.map((item) => (isClasses ? classes(item as 'stock') : item)).join(', ')
      }
      return `${amount(limit, shown)} ${unit(limit)}`
    },
    [amount, unit, classes, common],
  )

  /** Who set what holds; a starting value was set by nobody's act. */
  const layer = useCallback(
    (limit: Limit, layers: readonly Layer[]) => {
      if (limit.bound_by === null) return t('nobody')
      const own = layers.find((one) => one.scope === 'user')
      const isStart = limit.bound_by === 'user' && valueIn(own?.limits, limit.name) === null
      return isStart ? t('startValue') : t(`layers.${limit.bound_by}`)
    },
    [t],
  )

  return { name, amount, unit, value, layer }
}

export function useWho(): (actor: string) => string {
  const t = useTranslations('risk')
  const me = useQuery(meQuery)
  const id = me.data?.id
  return useCallback(
    (actor: string) => {
      if (id && actor === `user:${id}`) return t('you')
      if (actor === 'engine') return t('engine')
      if (actor.startsWith('api_key:')) return t('apiKey')
      return actor
    },
    [t, id],
  )
}
