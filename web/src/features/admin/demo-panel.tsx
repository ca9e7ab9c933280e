/** A key that reads the demo user's data: how an admin looks at the demo. */
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { Exact } from '@/features/audit/parts.tsx'
import { ActDialog } from '@/features/connections/act-dialog.tsx'

export function DemoPanel() {
  const t = useTranslations('admin')
  const [asking, setAsking] = useState(false)
  const [made, setMade] = useState<Schemas['ViewKey'] | null>(null)
  return (
    <Panel title={t('demo')}>
      <div className="flex flex-col items-start gap-3 px-4 py-3">
        <p className="max-w-prose text-ink2">{t('demoText')}</p>
        {made === null ? (
          <Button onClick={() => setAsking(true)}>{t('demoPress')}</Button>
        ) : (
          <>
            <p role="status" className="font-medium text-warn">
              {t('demoMade', { hours: Math.floor(made.seconds / 3600) })}
            </p>
            <dl className="flex w-full flex-col gap-3">
              <Exact label={t('demoKey')}>{made.api_key}</Exact>
              <Exact label={t('demoUse')}>
                <span className="whitespace-pre-wrap">
                  {[
                    `export TRADSY_URL=${location.origin}`,
                    `export TRADSY_API_KEY=${made.api_key}`,
                    'tradsy positions',
                    'tradsy trace',
                  ].join('\n')}
                </span>
              </Exact>
            </dl>
            <Button onClick={() => setMade(null)}>{t('demoHide')}</Button>
          </>
        )}
      </div>
      {asking ? (
        <ActDialog
          title={t('demoTitle')}
          text={t('demoText')}
          press={t('demoPress')}
          refreshes={[]}
          act={(key) => unwrap(api.POST('/api/v1/admin/demo/view-key', { params: { header: once(key) } }))}
          onDone={setMade}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </Panel>
  )
}
