/** Three ways to check a chain: by the server, by this browser, and without either. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { useTranslations } from 'use-intl'
import { api, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { canHash } from './bytes.ts'
import { keyQuery, saveFile, takeChain, takeVerifier } from './queries.ts'
import { type ChainReport, type Finding, verifyExport } from './verify-export.ts'

export function CheckPanel() {
  const t = useTranslations('audit')
  const client = useQueryClient()
  const fileField = useId()
  const byServer = useMutation({ mutationFn: () => unwrap(api.GET('/api/v1/audit/verify')) })
  const here = useMutation({
    mutationFn: async (file: File | null) => {
      const key = await client.ensureQueryData(keyQuery)
      const data = file ? new Uint8Array(await file.arrayBuffer()) : await takeChain()
      return verifyExport(data, key.public_key)
    },
    // Taking the chain has added an event to it.
    onSettled: () => client.invalidateQueries({ queryKey: ['audit', 'events'] }),
  })
  const able = canHash()
  return (
    <Panel title={t('check')}>
      <div className="flex flex-col gap-3 px-4 py-3">
        <p className="max-w-prose text-ink2">{t('checkText')}</p>
        <div className="flex flex-wrap gap-2">
          <Button kind="primary" disabled={byServer.isPending} onClick={() => byServer.mutate()}>
            {t('verifyNow')}
          </Button>
          <Button disabled={!able || here.isPending} onClick={() => here.mutate(null)}>
            {t('verifyHere')}
          </Button>
        </div>
        {able ? (
          <div className="flex flex-col items-start gap-1">
            <label htmlFor={fileField} className="font-medium text-table">
              {t('verifyFile')}
            </label>
            <input
              id={fileField}
              type="file"
              accept=".jsonl"
              aria-describedby={`${fileField}-hint`}
              className="min-h-8 max-w-full text-table file:mr-3 file:min-h-8 file:cursor-pointer file:rounded-[6px] file:border file:border-line-strong file:bg-surface file:px-3 file:text-ink"
              onChange={(event) => {
                const file = event.target.files?.[0]
                if (file) here.mutate(file)
              }}
            />
            <p id={`${fileField}-hint`} className="text-ink3 text-meta">
              {t('verifyFileHint')}
            </p>
          </div>
        ) : (
          <p className="text-warn">{t('noHashing')}</p>
        )}
        <div role="status" className="flex flex-col gap-3 empty:hidden">
          {byServer.isPending || here.isPending ? <p>{t('working')}</p> : null}
          {byServer.isSuccess ? <ServerResult result={byServer.data} /> : null}
          {here.isSuccess ? <Verdict report={here.data} /> : null}
        </div>
      </div>
      {byServer.isError ? <ErrorNote error={byServer.error} retry={() => byServer.mutate()} /> : null}
      {here.isError ? <ErrorNote error={here.error} retry={() => here.mutate(here.variables)} /> : null}
      {here.isSuccess ? <Findings report={here.data} /> : null}
    </Panel>
  )
}

function ServerResult({
  result,
}: {
  result: { verified: boolean; reason: string; events: number; covered: number; size: number }
}) {
  const t = useTranslations('audit')
  if (!result.verified) {
    return (
      <div>
        <p className="font-medium text-danger">{t('serverBroken', { reason: result.reason })}</p>
        <p>{t('serverBrokenNext')}</p>
      </div>
    )
  }
  const { events, covered, size } = result
  return (
    <p>
      {t('serverVerified', { events, covered, size })} {t('serverWaiting', { count: events - covered })}
    </p>
  )
}

const VERDICT_COLOUR = { verified: 'text-up', tampered: 'text-danger', unproven: 'text-warn' }

function Verdict({ report }: { report: ChainReport }) {
  const t = useTranslations('audit')
  const { verdict, events, covered, size } = report
  return (
    <div>
      <p className={`font-semibold ${VERDICT_COLOUR[verdict]}`}>{t(`verdicts.${verdict}`)}</p>
      {verdict === 'tampered' ? (
        <p>{t('serverBrokenNext')}</p>
      ) : (
        <p>{t('verifiedText', { events, covered, size })}</p>
      )}
      <p className="max-w-prose text-ink2">{t('keyCaution')}</p>
    </div>
  )
}

const TONES = { passed: 'good', failed: 'bad', skipped: 'warn' } as const

function Findings({ report }: { report: ChainReport }) {
  const t = useTranslations('audit')
  return (
    <Table
      label={t('detail')}
      head={
        <>
          <Th>{t('finding')}</Th>
          <Th>{t('result')}</Th>
          <Th>{t('detail')}</Th>
        </>
      }
    >
      {report.findings.map((finding) => (
        <tr key={finding.check}>
          <Td className="min-w-64 py-1.5 whitespace-normal">{t(`checks.${finding.check}`)}</Td>
          <Td>
            <Badge tone={TONES[finding.outcome]}>{t(`outcomes.${finding.outcome}`)}</Badge>
          </Td>
          <Td className="min-w-48 py-1.5 whitespace-normal">
            <Detail finding={finding} />
          </Td>
        </tr>
      ))}
    </Table>
  )
}

function Detail({ finding: { check, why, at } }: { finding: Finding }) {
  const t = useTranslations('audit')
  if (why === null) return null
  const where = at === null ? '' : check === 'format' ? t('atLine', { at }) : t('atEvent', { at })
  return (
    <>
      {where} {t(`why.${why}`)}
    </>
  )
}

export function TakePanel() {
  const t = useTranslations('audit')
  const client = useQueryClient()
  const download = useMutation({
    mutationFn: async (name: 'tradsy-audit.jsonl' | 'verifier.py') => {
      saveFile(name, name === 'verifier.py' ? await takeVerifier() : await takeChain())
      return name
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['audit', 'events'] }),
  })
  return (
    <Panel title={t('take')}>
      <div className="flex flex-col gap-3 px-4 py-3">
        <p className="text-ink2">{t('takeText')}</p>
        <div className="flex flex-wrap gap-2">
          <Button disabled={download.isPending} onClick={() => download.mutate('tradsy-audit.jsonl')}>
            {t('downloadChain')}
          </Button>
          <Button disabled={download.isPending} onClick={() => download.mutate('verifier.py')}>
            {t('downloadVerifier')}
          </Button>
        </div>
        <p role="status" className="empty:hidden">
          {download.isSuccess ? t('downloaded', { name: download.data }) : null}
        </p>
      </div>
      {download.isError ? (
        <ErrorNote error={download.error} retry={() => download.mutate(download.variables)} />
      ) : null}
    </Panel>
  )
}
