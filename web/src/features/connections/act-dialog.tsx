/** One act in one dialog: says what will happen, does it once, and keeps what was typed when it fails. */
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { needsStepUp, StepUp } from '@/components/step-up.tsx'
import { newKey } from '@/lib/ids.ts'

interface Act<T> {
  title: string
  text: string
  press: string
  danger?: boolean
  /** False while the form is not filled in as needed. */
  ready?: boolean
  /** What the server is asked for again after the act. */
  refreshes: readonly QueryKey[]
  act: (key: string) => Promise<T>
  onDone: (result: T) => void
  onClose: () => void
  children?: ReactNode
}

/** A refusal is stored under its key: a corrected form needs another one. What may have arrived keeps its key. */
function wasRefused(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.status >= 400 &&
    error.status < 500 &&
    !error.code.startsWith('idempotency')
  )
}

export function ActDialog<T>(props: Act<T>) {
  const { title, text, press, danger, ready = true, refreshes, act, onDone, onClose, children } = props
  const common = useTranslations('common')
  const client = useQueryClient()
  const [key, setKey] = useState(newKey)
  const [proving, setProving] = useState(false)
  const mutation = useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      for (const queryKey of refreshes) void client.invalidateQueries({ queryKey })
      onDone(result)
      onClose()
    },
    onError: (error) => {
      if (wasRefused(error)) setKey(newKey())
      if (needsStepUp(error)) setProving(true)
    },
  })
  return (
    <>
      <Dialog open={!proving} onClose={() => (proving ? undefined : onClose())} title={title}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            if (ready && !mutation.isPending) mutation.mutate(key)
          }}
        >
          <p>{text}</p>
          {children}
          {mutation.isError && !needsStepUp(mutation.error) ? (
            <ErrorNote error={mutation.error} wrote />
          ) : null}
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button type="submit" kind={danger ? 'stop' : 'primary'} disabled={!ready || mutation.isPending}>
              {press}
            </Button>
          </div>
        </form>
      </Dialog>
      <StepUp
        open={proving}
        onClose={() => setProving(false)}
        onDone={() => {
          setProving(false)
          mutation.mutate(key)
        }}
      />
    </>
  )
}
