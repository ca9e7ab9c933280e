/** The checks of one verdict, with their numbers, behind a line that says how they went. */
import { CircleCheck, CircleHelp, CircleMinus, CircleX, type LucideIcon, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Table, Td, Th } from '@/components/table.tsx'
import type { Step } from '@/features/signals/queries.ts'
import { spell, useWords } from '@/features/signals/words.tsx'
import { cn } from '@/lib/cn.ts'
import { type Check, checksOf, isStopping } from './trace-facts.ts'

const LOOKS: Record<string, [LucideIcon, string]> = {
  pass: [CircleCheck, 'text-up'],
  warn: [TriangleAlert, 'text-warn'],
  soft: [TriangleAlert, 'text-warn'],
  refuse: [CircleX, 'text-danger'],
  unavailable: [CircleHelp, 'text-danger'],
  skipped: [CircleMinus, 'text-ink3'],
}
const OTHER: [LucideIcon, string] = [CircleHelp, 'text-ink3']

export function TraceChecks({ step }: { step: Step }) {
  const t = useTranslations('signals')
  const checks = checksOf(step)
  if (checks.length === 0) return null
  // What stopped the order is what people look for.
  const sorted = [...checks].sort((a, b) => Number(isStopping(b)) - Number(isStopping(a)))
  const stopping = checks.filter(isStopping).length
  return (
    <details>
      <summary className="min-h-6 cursor-pointer py-0.5 text-accent">
        {t('trace.checks', { count: checks.length, stopping })}
      </summary>
      <div className="mt-2 rounded-[6px] border border-line">
        <Table
          label={t('trace.checksTable')}
          head={
            <>
              <Th>{t('trace.rule')}</Th>
              <Th>{t('trace.outcome')}</Th>
              <Th>{t('trace.text')}</Th>
              <Th right>{t('trace.value')}</Th>
              <Th right>{t('trace.limit')}</Th>
            </>
          }
        >
          {sorted.map((check) => (
            <Row key={`${check.rule}${check.code}`} check={check} />
          ))}
        </Table>
      </div>
    </details>
  )
}

function Row({ check }: { check: Check }) {
  const t = useTranslations('signals')
  const amount = useAmount()
  const [Icon, color] = LOOKS[check.outcome] ?? OTHER
  const key = `trace.outcomes.${check.outcome}` as 'trace.outcomes.pass'
  return (
    <tr>
      <Td className="numeric">{check.rule}</Td>
      <Td>
        <span className={cn('inline-flex items-center gap-1', color)}>
          <Icon aria-hidden="true" className="size-4" />
          {t.has(key) ? t(key) : spell(check.outcome)}
        </span>
      </Td>
      <Td className="min-w-56 whitespace-normal">{check.text || spell(check.code)}</Td>
      <Td right>{amount(check.value, check.unit)}</Td>
      <Td right>{amount(check.limit, check.unit)}</Td>
    </tr>
  )
}

/** Returns a number of a check with its unit. It may be words, such as a list of symbols: these stay as they are. */
export function useAmount() {
  const { figure } = useWords()
  return (value: string | null, unit: string): string =>
    value === null ? '–' : `${/^-?\d+(\.\d+)?$/.test(value) ? figure(value) : value} ${unit}`.trim()
}
