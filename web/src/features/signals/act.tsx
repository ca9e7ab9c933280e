/** A write: happens once, asks for proof where the server wants it, and says what came of it. */
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { ApiError } from '@/api/client.ts'
import { ErrorNote } from '@/components/states.tsx'
import { needsStepUp, StepUp } from '@/components/step-up.tsx'
import { newKey } from '@/lib/ids.ts'

export interface Act<V> {
  run: (value: V) => void
  isPending: boolean
  reset: () => void
  /** Why the last try did nothing. */
  error: unknown
  /** The refusal, to be shown beside the button. */
  notes: ReactNode
  /** The question for the password: a form of its own, so it stands outside of any other. */
  proof: ReactNode
}

export function useAct<V, R>({
  send,
  done,
}: {
  send: (value: V, key: string) => Promise<R>
  done: (result: R, value: V) => void
}): Act<V> {
  // One key per wish: the same wish sent again keeps its key, another one gets its own.
  const keys = useRef(new Map<string, string>())
  const [proving, setProving] = useState<{ value: V } | null>(null)
  const keyOf = (value: V): string => {
    const wish = JSON.stringify(value) ?? ''
    const key = keys.current.get(wish) ?? newKey()
    keys.current.set(wish, key)
    return key
  }
  const mutation = useMutation({
    mutationFn: (value: V) => send(value, keyOf(value)),
    // Answers may hold what is shown once: they are not kept.
    gcTime: 0,
    onSuccess: (result, value) => {
      keys.current.clear()
      done(result, value)
    },
    onError: (error, value) => {
      // A clear no did nothing, so the next try is a new one; without an answer it may have happened.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) keys.current.clear()
      if (needsStepUp(error)) setProving({ value })
    },
  })
  const refused = mutation.isError && !needsStepUp(mutation.error)
  return {
    run: mutation.mutate,
    isPending: mutation.isPending,
    reset: mutation.reset,
    error: refused ? mutation.error : null,
    notes: refused ? <ErrorNote error={mutation.error} wrote /> : null,
    proof: proving ? (
      <StepUp
        open
        onClose={() => setProving(null)}
        onDone={() => {
          setProving(null)
          mutation.mutate(proving.value)
        }}
      />
    ) : null,
  }
}

/** Where a screen says what has just been done. It is always there, so that a screen reader hears the change. */
export function Said({ children }: { children: ReactNode }) {
  return (
    <div role="status" className={children ? 'border-up border-l-4 bg-surface px-4 py-3' : 'sr-only'}>
      {children}
    </div>
  )
}
