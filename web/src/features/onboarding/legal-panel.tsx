/** One text to accept: shown as plain text, in a region that scrolls and is reachable by keyboard. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, once, type Schemas, unwrap } from '@/api/client.ts'
import { meQuery, onboardingQuery } from '@/api/queries.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { CheckField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote, QueryView } from '@/components/states.tsx'
import { Done } from '@/features/settings/done.tsx'
import { useAct } from '@/features/settings/use-act.tsx'
import { acceptedAt, type DocumentName, documentQuery, type Onboarding } from './queries.ts'

export function LegalPanel({ document, onboarding }: { document: DocumentName; onboarding: Onboarding }) {
  const t = useTranslations('onboarding')
  const text = useQuery(documentQuery(document))
  const isAccepted = acceptedAt(onboarding, document) !== null
  return (
    <Panel
      title={t(document)}
      actions={<Badge tone={isAccepted ? 'good' : 'warn'}>{isAccepted ? t('done') : t('open')}</Badge>}
    >
      <QueryView query={text} rows={8}>
        {(found) => (
          <div className="flex flex-col gap-3 p-4">
            <PlainText label={t('textOf', { document: t(document) })} text={found.text} />
            <p className="numeric break-all text-ink3 text-meta">
              {t('version', { version: found.version })}
              <br />
              {t('sha', { sha: found.sha256 })}
            </p>
            <Consent key={found.version} found={found} onboarding={onboarding} />
          </div>
        )}
      </QueryView>
    </Panel>
  )
}

/** Lines of a paragraph are joined: the file breaks them for editors, the screen for its own width. */
function PlainText({ label, text }: { label: string; text: string }) {
  const paragraphs = text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replace(/\s*\n\s*/g, ' '))
    .filter(Boolean)
  return (
    <section
      aria-label={label}
      // The texts exist in English only.
      lang="en"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      className="flex max-h-80 flex-col gap-3 overflow-y-auto rounded-[6px] border border-line bg-sunken p-3"
    >
      {paragraphs.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
    </section>
  )
}

function Consent({ found, onboarding }: { found: Schemas['DocumentRead']; onboarding: Onboarding }) {
  const t = useTranslations('onboarding')
  const client = useQueryClient()
  const [agreed, setAgreed] = useState(false)
  const { document, version } = found
  const refresh = () => {
    void client.invalidateQueries({ queryKey: onboardingQuery.queryKey })
    void client.invalidateQueries({ queryKey: meQuery.queryKey })
  }
  const accept = useAct({
    send: (body: Schemas['ConsentCreate'], key) =>
      unwrap(api.POST('/api/v1/me/onboarding/consents', { params: { header: once(key) }, body })),
    onSuccess: (now) => {
      client.setQueryData(onboardingQuery.queryKey, now)
      refresh()
    },
    onRefused: (error) => {
      if (!(error instanceof ApiError && error.code === 'outdated_document')) return
      void client.invalidateQueries({ queryKey: documentQuery(document).queryKey })
      refresh()
    },
  })
  const at = acceptedAt(onboarding, document)
  if (at !== null) {
    return (
      <>
        <Done>{accept.done ? t('accepted') : null}</Done>
        <p className="text-ink2">
          {t('acceptedAt')} <DateTime at={at} />
        </p>
      </>
    )
  }
  const isOutdated = accept.error instanceof ApiError && accept.error.code === 'outdated_document'
  const hadOlder = onboarding.consents.some((each) => each.document === document)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        accept.run({ [document]: version })
      }}
    >
      {hadOlder ? <p className="text-warn">{t('changed')}</p> : null}
      <CheckField
        label={
          document === 'disclaimer' ? t('consentDisclaimer', { version }) : t('consentTerms', { version })
        }
        hint={t('consentHint')}
        checked={agreed}
        onChange={(event) => setAgreed(event.target.checked)}
      />
      {isOutdated ? (
        <p role="alert" className="text-warn">
          {t('outdated')}
        </p>
      ) : accept.error ? (
        <ErrorNote error={accept.error} wrote />
      ) : null}
      <div>
        <Button type="submit" kind="primary" disabled={!agreed || accept.busy}>
          {t('accept')}
        </Button>
      </div>
    </form>
  )
}
