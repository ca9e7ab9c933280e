/** The catalogue of rules that judge every order. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { type Rule, rulesQuery } from './risk-queries.ts'

function kindOf(rule: Rule): 'hard' | 'soft' | 'both' | null {
  return rule.kind === 'H' ? 'hard' : rule.kind === 'S' ? 'soft' : rule.kind === 'S, then H' ? 'both' : null
}

export function RulesPanel() {
  const t = useTranslations('risk')
  const rules = useQuery(rulesQuery)
  return (
    <Panel title={t('rules')}>
      <details>
        <summary className="min-h-11 cursor-pointer px-4 py-3 text-accent">{t('rulesSummary')}</summary>
        <QueryView query={rules}>
          {(all) =>
            all.length === 0 ? (
              <Empty>{t('noRules')}</Empty>
            ) : (
              <Table
                label={t('rules')}
                head={
                  <>
                    <Th>{t('ruleId')}</Th>
                    <Th>{t('ruleTitle')}</Th>
                    <Th>{t('ruleDefault')}</Th>
                    <Th>{t('ruleKind')}</Th>
                    <Th>{t('ruleReduce')}</Th>
                    <Th>{t('ruleCodes')}</Th>
                  </>
                }
              >
                {all.map((rule) => {
                  const kind = kindOf(rule)
                  return (
                    <tr key={rule.id} className="align-top">
                      <Td className="numeric py-1">{rule.id}</Td>
                      <Td className="min-w-40 py-1 whitespace-normal font-medium">{rule.title}</Td>
                      <Td className="min-w-56 py-1 whitespace-normal">{rule.default}</Td>
                      <Td className="min-w-40 py-1 whitespace-normal">
                        {kind ? t(`kinds.${kind}`) : rule.kind}
                      </Td>
                      <Td className="min-w-48 py-1 whitespace-normal">{rule.reduce_only}</Td>
                      <Td className="min-w-48 py-1 whitespace-normal text-ink2 text-meta">
                        {rule.codes.join(', ')}
                      </Td>
                    </tr>
                  )
                })}
              </Table>
            )
          }
        </QueryView>
      </details>
    </Panel>
  )
}
