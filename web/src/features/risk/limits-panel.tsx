/** All limits that hold for an account or for everything of a person: their use, who set them, and the way to change them. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { openOrdersQuery, portfolioQuery, positionsQuery } from '@/api/queries.ts'
import { Button } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty, QueryView } from '@/components/states.tsx'
import { Done } from './act.tsx'
import { LimitDialog } from './limit-dialog.tsx'
import { LimitTables } from './limit-table.tsx'
import type { Figures } from './limit-use.ts'
import { PendingRaise } from './pending-raise.tsx'
import { limitsQuery, type OwnScope } from './risk-queries.ts'
import { useLimitWords } from './words.ts'

export interface Subject {
  scope: OwnScope
  id: string
  name: string
}

export function LimitsPanel({ subject }: { subject: Subject }) {
  const t = useTranslations('risk')
  const words = useLimitWords()
  const account = subject.scope === 'account' ? subject.id : ''
  const limits = useQuery(limitsQuery(account))
  const figures = useFigures(account)
  const [find, setFind] = useState('')
  const [editing, setEditing] = useState<string | null>(null)
  const [done, setDone] = useState('')
  const wanted = find.trim().toLowerCase()
  return (
    <Panel title={t('limitsOf', { subject: subject.name })}>
      <Done>{done}</Done>
      <QueryView query={limits} rows={8}>
        {({ limits: all, layers }) => {
          const layer = layers.find((one) => one.scope === subject.scope && one.subject === subject.id)
          const shown = all.filter((limit) =>
            `${words.name(limit)} ${limit.rule} ${limit.name}`.toLowerCase().includes(wanted),
          )
          const edited = all.find((limit) => limit.name === editing)
          return (
            <>
              {subject.scope === 'user' && !layer ? (
                <p className="px-4 pt-3 text-ink2">{t('startNote')}</p>
              ) : null}
              {layer?.pending ? (
                <PendingRaise layer={layer} limits={all} subject={subject} onDone={setDone} />
              ) : null}
              <div className="max-w-80 px-4 py-3">
                <TextField
                  label={t('find')}
                  type="search"
                  value={find}
                  onChange={(event) => setFind(event.target.value)}
                />
              </div>
              {shown.length === 0 ? (
                <Empty action={<Button onClick={() => setFind('')}>{t('showAll')}</Button>}>
                  {t('noneFound')}
                </Empty>
              ) : (
                <LimitTables
                  label={t('limitsOf', { subject: subject.name })}
                  isFinding={wanted !== ''}
                  limits={shown}
                  layer={layer}
                  setBy={(limit) => words.layer(limit, layers)}
                  figures={figures}
                  onEdit={(limit) => {
                    setDone('')
                    setEditing(limit.name)
                  }}
                />
              )}
              {edited ? (
                <LimitDialog
                  limit={edited}
                  layer={layer}
                  setBy={words.layer(edited, layers)}
                  subject={subject}
                  onClose={() => setEditing(null)}
                  onDone={(text) => {
                    setDone(text)
                    setEditing(null)
                  }}
                />
              ) : null}
            </>
          )
        }}
      </QueryView>
    </Panel>
  )
}

/** What the use of an account's limits can be told from. */
function useFigures(account: string): Figures {
  const portfolio = useQuery({ ...portfolioQuery, enabled: account !== '' })
  const positions = useQuery({ ...positionsQuery, enabled: account !== '' })
  const orders = useQuery({ ...openOrdersQuery, enabled: account !== '' })
  if (!account) return { account: undefined, positions: undefined, openOrders: undefined }
  return {
    account: portfolio.data?.accounts.find((one) => one.account_id === account),
    positions: positions.data?.items.filter((position) => position.account_id === account),
    openOrders: orders.data?.filter((order) => order.account_id === account),
  }
}
