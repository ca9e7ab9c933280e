import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote, QueryView } from '@/components/states.tsx'
import { Done } from '@/features/settings/done.tsx'
import { useAct } from '@/features/settings/use-act.tsx'
import { type Onboarding, ownLimitsQuery } from './queries.ts'

/** The profile and the limits name the same three degrees differently. */
const STARTING = {
  cautious: 'conservative',
  balanced: 'moderate',
  bold: 'aggressive',
} as const satisfies Record<string, Schemas['StartingLimits']['tolerance']>

export function LimitsPanel({ onboarding }: { onboarding: Onboarding }) {
  const t = useTranslations('onboarding')
  const client = useQueryClient()
  const limits = useQuery(ownLimitsQuery)
  const refresh = () => void client.invalidateQueries({ queryKey: ['risk'] })
  const set = useAct({
    send: (body: Schemas['StartingLimits'], key) =>
      unwrap(api.POST('/api/v1/risk/limits/starting', { params: { header: once(key) }, body })),
    onSuccess: () => {
      client.setQueryData(ownLimitsQuery.queryKey, true)
      refresh()
    },
    // Set meanwhile, on another screen.
    onRefused: refresh,
  })
  const chosen = onboarding.risk_tolerance
  return (
    <Panel title={t('limits')}>
      <QueryView query={limits}>
        {(hasOwn) => (
          <div className="flex flex-col items-start gap-3 p-4">
            <p>{t('limitsText')}</p>
            {hasOwn ? (
              <>
                <Done>{t('limitsSet')}</Done>
                <Link to="/risk" className={buttonClass()}>
                  {t('seeLimits')}
                </Link>
              </>
            ) : chosen === null ? (
              <p className="text-warn">{t('limitsFirst')}</p>
            ) : (
              <>
                <p>
                  {t('limitsChosen', { tolerance: t(`tolerances.${chosen}`) })}{' '}
                  {t(`toleranceTexts.${chosen}`)}
                </p>
                {set.error ? <ErrorNote error={set.error} wrote /> : null}
                <Button
                  kind="primary"
                  disabled={set.busy}
                  className="whitespace-normal"
                  onClick={() => set.run({ tolerance: STARTING[chosen] })}
                >
                  {t('setLimits', { tolerance: t(`tolerances.${chosen}`) })}
                </Button>
              </>
            )}
          </div>
        )}
      </QueryView>
    </Panel>
  )
}
