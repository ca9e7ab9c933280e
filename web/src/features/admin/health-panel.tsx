/** What the service itself says about what it depends on. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, type Schemas, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'

type Readiness = Schemas['Readiness']

const EVERY = 5_000
const KNOWN = ['database', 'bus', 'sim', 'accounts'] as const

function isReadiness(body: unknown): body is Readiness {
  return typeof body === 'object' && body !== null && 'dependencies' in body && 'ready' in body
}

/** A 503 of this route is an answer, too: it names what does not work. */
async function readHealth(): Promise<Readiness> {
  return unwrap<Readiness>(
    api
      .GET('/readyz')
      .then(({ data, error, response }) =>
        isReadiness(error)
          ? { data: error, response: new Response() }
          : { ...(data === undefined ? {} : { data }), error, response },
      ),
  )
}

export function HealthPanel() {
  const t = useTranslations('admin')
  const health = useQuery({
    queryKey: ['health'],
    queryFn: readHealth,
    refetchInterval: EVERY,
    staleTime: 0,
    retry: false,
  })
  return (
    <Panel title={t('health')}>
      <QueryView query={health} rows={4}>
        {({ ready, trading_ready, dependencies }) => (
          <>
            <div className="px-4 py-3">
              <p
                role="status"
                className={`font-medium ${trading_ready ? 'text-up' : ready ? 'text-warn' : 'text-danger'}`}
              >
                {t(trading_ready ? 'healthAll' : ready ? 'healthNoTrading' : 'healthDown')}
              </p>
              <p className="text-ink3 text-meta">
                {t('healthText')} {t('checkedAt')}{' '}
                <DateTime at={new Date(health.dataUpdatedAt).toISOString()} />
              </p>
            </div>
            <Table
              label={t('health')}
              head={
                <>
                  <Th>{t('dependency')}</Th>
                  <Th>{t('answer')}</Th>
                  <Th>{t('needed')}</Th>
                </>
              }
            >
              {Object.entries(dependencies).map(([name, works]) => (
                <tr key={name}>
                  <Td className="font-mono">{name}</Td>
                  <Td>
                    <Badge tone={works ? 'good' : 'bad'}>{works ? t('answers') : t('silent')}</Badge>
                  </Td>
                  <Td>{t(`dependencies.${KNOWN.find((known) => known === name) ?? 'other'}`)}</Td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </QueryView>
    </Panel>
  )
}
