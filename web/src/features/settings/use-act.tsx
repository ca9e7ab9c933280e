/** A write of a person: done once however often it is pressed, after proof of who is there where the server asks. */
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { ApiError } from '@/api/client.ts'
import { needsStepUp, StepUp } from '@/components/step-up.tsx'
import { newKey } from '@/lib/ids.ts'

/** Refusals that the server does not keep under the key, because the same request may succeed later. */
const NOT_KEPT = new Set([401, 403, 408, 429])

function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && !NOT_KEPT.has(error.status)
}

export interface Act<Input> {
  run: (input: Input) => void
  busy: boolean
  /** Why it was refused; the wish for a proof is no refusal. */
  error: unknown
  done: boolean
  reset: () => void
  /** To be placed outside of any form: asks for the password when the server wants it. */
  proof: ReactNode
}

export function useAct<Input, Result>({
  send,
  onSuccess,
  onRefused,
}: {
  send: (input: Input, key: string) => Promise<Result>
  onSuccess?: (result: Result, input: Input) => void
  onRefused?: (error: unknown) => void
}): Act<Input> {
  const [asked, setAsked] = useState<{ input: Input } | null>(null)
  const sent = useRef<{ key: string; input: string } | null>(null)
  const mutation = useMutation({
    mutationFn: (input: Input) => {
      // The same key again only for the same wish: another body under it would be refused.
      const text = JSON.stringify(input ?? null)
      if (sent.current?.input !== text) sent.current = { key: newKey(), input: text }
      return send(input, sent.current.key)
    },
    onSuccess: (result, input) => {
      sent.current = null
      onSuccess?.(result, input)
    },
    onError: (error, input) => {
      if (isFinal(error)) sent.current = null
      if (needsStepUp(error)) setAsked({ input })
      else onRefused?.(error)
    },
  })
  return {
    run: (input) => mutation.mutate(input),
    busy: mutation.isPending,
    error: needsStepUp(mutation.error) ? null : mutation.error,
    done: mutation.isSuccess,
    reset: () => mutation.reset(),
    proof: (
      <StepUp
        open={asked !== null}
        onClose={() => setAsked(null)}
        onDone={() => {
          setAsked(null)
          if (asked) mutation.mutate(asked.input)
        }}
      />
    ),
  }
}
