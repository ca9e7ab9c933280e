/** What a panel shows when it has no data yet, none at all, or could not get any. */
import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, UNREACHABLE } from '@/api/client.ts'
import { Button } from './button.tsx'

const PATIENCE = 150

/** Grey bars of the final size, after a moment: most answers come before. */
export function Skeleton({ rows = 3 }: { rows?: number }) {
  const t = useTranslations('common')
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div role="status" aria-label={t('loading')} className="flex flex-col gap-2 p-4">
      {Array.from({ length: rows }, (_, row) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars are alike and never move
          key={row}
          className={shown ? 'h-4 rounded-[4px] bg-sunken' : 'h-4'}
        />
      ))}
    </div>
  )
}

/** One sentence and one action. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-3 px-4 py-6 text-ink2">
      <p>{children}</p>
      {action}
    </div>
  )
}

/** What failed, whether something may have been sent, and what to do. */
export function ErrorNote({
  error,
  retry,
  wrote = false,
}: {
  error: unknown
  retry?: (() => void) | undefined
  /** Whether the request would have changed something. */
  wrote?: boolean
}) {
  const t = useTranslations('common')
  const problem = error instanceof ApiError ? error.problem : null
  const unsure = wrote && problem?.code === UNREACHABLE
  return (
    <div role="alert" className="flex flex-col items-start gap-2 border-danger border-l-4 px-4 py-3">
      <p className="font-medium text-danger">{problem?.title ?? t('errorTitle')}</p>
      {problem?.detail && problem.detail !== problem.title ? <p>{problem.detail}</p> : null}
      {problem?.errors?.length ? (
        <ul className="list-disc pl-5">
          {problem.errors.map((field) => (
            <li key={`${field.field}${field.code}`}>
              {field.field}: {field.message}
            </li>
          ))}
        </ul>
      ) : null}
      {wrote ? <p className="text-ink2">{unsure ? t('maybeSent') : t('notSent')}</p> : null}
      {problem?.trace_id ? (
        <p className="numeric text-ink3 text-meta">{t('trace', { id: problem.trace_id })}</p>
      ) : null}
      {retry ? (
        <Button size="small" onClick={retry}>
          {t('retry')}
        </Button>
      ) : null}
    </div>
  )
}

/** Shows a query in each of its states; what is known stays in view while it is asked for again. */
export function QueryView<T>({
  query,
  rows,
  children,
}: {
  query: UseQueryResult<T>
  rows?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError ? <ErrorNote error={query.error} retry={() => void query.refetch()} /> : null}
        {children(query.data)}
      </>
    )
  }
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />
  return <Skeleton {...(rows === undefined ? {} : { rows })} />
}
