/** Making or editing a follow. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { accountsQuery } from '@/api/queries.ts'
import { Button, buttonClass } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { Empty, ErrorNote, Skeleton } from '@/components/states.tsx'
import { useAct } from '@/features/signals/act.tsx'
import { ExitFields } from './exit-fields.tsx'
import { FilterFields } from './filter-fields.tsx'
import { emptyForm, findFaults, formOf, toSettings } from './follow-form.ts'
import { type Follow, type FollowSettings, useSources } from './queries.ts'
import { SizeFields, WhoFields } from './size-fields.tsx'

export function FollowDialog({
  follow,
  sourceId,
  say,
  onClose,
}: {
  /** The one to edit; a new one without. */
  follow?: Follow
  sourceId: string
  say: (text: ReactNode) => void
  onClose: () => void
}) {
  const t = useTranslations('follows')
  const accounts = useQuery(accountsQuery)
  const own = useSources('own')
  const others = useSources('public')
  const title = follow
    ? t('form.editTitle', { name: follow.source_name ?? t('unknownSource') })
    : t('form.newTitle')
  const failed = [accounts, own, others].find((query) => query.isError && query.data === undefined)
  const usable = accounts.data?.filter((account) => account.state !== 'closed')
  const sources = [...(own.data ?? []), ...(others.data ?? []).filter((source) => !source.is_own)].filter(
    (source) => source.state !== 'closed' && source.kind !== 'ticket',
  )
  return (
    <Dialog open onClose={onClose} title={title} className="w-[min(44rem,calc(100vw-2rem))]">
      {failed ? (
        <ErrorNote error={failed.error} retry={() => void failed.refetch()} />
      ) : !usable || !own.data || !others.data ? (
        <Skeleton rows={6} />
      ) : usable.length === 0 ? (
        <Empty
          action={
            <Link to="/connections" className={buttonClass({ kind: 'primary' })}>
              {t('openAccount')}
            </Link>
          }
        >
          {t('noAccounts')}
        </Empty>
      ) : (
        <Form
          {...(follow ? { follow } : {})}
          sourceId={sourceId}
          accounts={usable}
          sources={sources}
          say={say}
          onClose={onClose}
        />
      )}
    </Dialog>
  )
}

function Form({
  follow,
  sourceId,
  accounts,
  sources,
  say,
  onClose,
}: {
  follow?: Follow
  sourceId: string
  accounts: Parameters<typeof WhoFields>[0]['accounts']
  sources: Parameters<typeof WhoFields>[0]['sources']
  say: (text: ReactNode) => void
  onClose: () => void
}) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [form, setForm] = useState(() =>
    follow ? formOf(follow) : emptyForm(sourceId, accounts.length === 1 ? (accounts[0]?.id ?? '') : ''),
  )
  // How often it was sent with faults: each time the first of them is shown.
  const [tries, setTries] = useState(0)
  const element = useRef<HTMLFormElement>(null)
  const faults = findFaults(form)
  const shown = tries > 0 ? faults : new Set<never>()
  useEffect(() => {
    if (tries > 0) element.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [tries])
  const account = accounts.find((one) => one.id === form.accountId)
  const name =
    sources.find((source) => source.id === form.sourceId)?.name ?? follow?.source_name ?? t('unknownSource')
  const act = useAct<FollowSettings, Follow>({
    send: (settings, key) =>
      follow
        ? unwrap(
            api.PUT('/api/v1/follows/{follow_id}', {
              params: { path: { follow_id: follow.id }, header: once(key) },
              body: settings,
            }),
          )
        : unwrap(
            api.POST('/api/v1/follows', {
              params: { header: once(key) },
              body: { ...settings, source_id: form.sourceId, account_id: form.accountId },
            }),
          ),
    done: () => {
      void client.invalidateQueries({ queryKey: ['follows'] })
      say(
        <>
          {t(follow ? 'form.saved' : 'form.created', { name })}{' '}
          <Link to="/signals" className="inline-flex min-h-6 items-center text-accent underline">
            {t('form.next')}
          </Link>
        </>,
      )
      onClose()
    },
  })
  return (
    <>
      <form
        ref={element}
        noValidate
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault()
          if (faults.size === 0) act.run(toSettings(form, follow))
          else setTries(tries + 1)
        }}
      >
        {follow ? null : (
          <WhoFields form={form} faults={shown} accounts={accounts} sources={sources} onChange={setForm} />
        )}
        <SizeFields form={form} faults={shown} currency={account?.currency} onChange={setForm} />
        <FilterFields form={form} faults={shown} onChange={setForm} />
        <ExitFields form={form} faults={shown} onChange={setForm} />
        <div className="flex flex-col gap-1">
          <p>{form.mode === 'auto' ? t('form.whatAuto') : t('form.whatApprove')}</p>
          {account && !account.is_paper ? <p className="font-medium text-warn">{t('form.isLive')}</p> : null}
        </div>
        {act.notes}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" disabled={act.isPending}>
            {follow ? t('form.save') : t('form.create')}
          </Button>
        </div>
      </form>
      {act.proof}
    </>
  )
}
