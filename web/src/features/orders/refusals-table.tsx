/** What the risk rules refused, with the rules that decided and, on demand, every check. */
import { useLocale, useTranslations } from 'use-intl'
import { Badge } from '@/components/badge.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { ZONE } from '@/i18n/index.tsx'
import { formatDateTime } from '@/lib/time.ts'
import { Copyable, Field, Fields } from './copyable.tsx'
import { ExpandingRow } from './expander.tsx'
import type { Verdict } from './order-queries.ts'
import { TraceLink } from './order-table.tsx'

const COLUMNS = 7
const OUTCOMES = ['pass', 'warn', 'soft', 'refuse', 'unavailable', 'skipped'] as const
const DECIDING = new Set(['refuse', 'unavailable', 'soft'])

interface Check {
  rule: string
  code: string
  outcome: string
  text: string
}

/** The server leaves the form of a check open. */
export function checksOf(verdict: Verdict): Check[] {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return verdict.checks.map((check) => ({
    rule: text(check['rule']),
    code: text(check['code']),
    outcome: text(check['outcome']),
    text: text(check['text']),
  }))
}

export function decidingChecks(verdict: Verdict): Check[] {
  return checksOf(verdict).filter((check) => DECIDING.has(check.outcome))
}

export function RefusalsTable({
  verdicts,
  accountNames,
}: {
  verdicts: readonly Verdict[]
  accountNames: ReadonlyMap<string, string>
}) {
  const t = useTranslations('orders')
  const locale = useLocale()
  return (
    <Table
      label={t('tabRefused')}
      head={
        <>
          <Th>
            <span className="sr-only">{t('detailsHead')}</span>
          </Th>
          <Th>{t('time')}</Th>
          <Th>{t('account')}</Th>
          <Th>{t('outcome')}</Th>
          <Th>{t('code')}</Th>
          <Th>{t('words')}</Th>
          <Th>{t('trace')}</Th>
        </>
      }
    >
      {verdicts.map((verdict) => {
        const account = accountNames.get(verdict.account_id) ?? verdict.account_id
        const name = { symbol: t('refused'), time: formatDateTime(verdict.at, ZONE, locale) }
        return (
          <ExpandingRow
            key={verdict.id}
            label={t('details', name)}
            columns={COLUMNS}
            cells={
              <>
                <Td>
                  <DateTime at={verdict.at} />
                </Td>
                <Td>{account}</Td>
                <Td>
                  <Badge tone="bad">{t('refused')}</Badge>
                </Td>
                <Td className="numeric">{verdict.reasons.join(', ')}</Td>
                <Td className="min-w-60 whitespace-normal">
                  {decidingChecks(verdict)
                    .map((check) => check.text)
                    .join('; ')}
                </Td>
                <Td>
                  <TraceLink trace={verdict.trace_id} {...name} />
                </Td>
              </>
            }
          >
            {() => <VerdictDetail verdict={verdict} />}
          </ExpandingRow>
        )
      })}
    </Table>
  )
}

function VerdictDetail({ verdict }: { verdict: Verdict }) {
  const t = useTranslations('orders')
  return (
    <>
      <Fields>
        <Field label={t('idVerdict')}>
          <Copyable label={t('idVerdict')} value={verdict.id} />
        </Field>
        <Field label={t('idTrace')}>
          <Copyable label={t('idTrace')} value={verdict.trace_id} />
        </Field>
        <Field label={t('idPlan')}>
          <Copyable label={t('idPlan')} value={verdict.plan_id} />
        </Field>
        <Field label={t('idOrder')}>
          <Copyable label={t('idOrder')} value={verdict.order_id} />
        </Field>
        <Field label={t('configHash')}>
          <Copyable label={t('configHash')} value={verdict.config_hash} />
        </Field>
      </Fields>
      <Table
        label={t('allChecks')}
        head={
          <>
            <Th>{t('rule')}</Th>
            <Th>{t('outcome')}</Th>
            <Th>{t('code')}</Th>
            <Th>{t('words')}</Th>
          </>
        }
      >
        {checksOf(verdict).map((check) => {
          const outcome = OUTCOMES.find((known) => known === check.outcome)
          return (
            <tr key={`${check.rule}${check.code}${check.text}`}>
              <Td>{check.rule}</Td>
              <Td>{outcome ? t(`outcomes.${outcome}`) : check.outcome}</Td>
              <Td>{check.code}</Td>
              <Td className="min-w-60 whitespace-normal">{check.text}</Td>
            </tr>
          )
        })}
      </Table>
    </>
  )
}
