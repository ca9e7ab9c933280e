/** Acts that may need proof of who is there: asked for where the server wants it, then the act is repeated. */
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { isRefused } from '@/api/client.ts'
import { Button, type ButtonProps } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import { ErrorNote } from '@/components/states.tsx'
import { needsStepUp, StepUp } from '@/components/step-up.tsx'
import { newKey } from '@/lib/ids.ts'

export function useAct<Input, Output>(
  act: (input: Input, key: string) => Promise<Output>,
  onDone: (output: Output) => void,
) {
  const [key, setKey] = useState(newKey)
  const [proving, setProving] = useState(false)
  const mutation = useMutation({
    mutationFn: ({ input, key: once }: { input: Input; key: string }) => act(input, once),
    onSuccess: (output) => {
      setKey(newKey())
      onDone(output)
    },
    onError: (error) => {
      if (needsStepUp(error)) setProving(true)
      if (isRefused(error)) setKey(newKey())
    },
  })
  const input = mutation.variables?.input
  return {
    run: (next: Input) => mutation.mutate({ input: next, key }),
    isPending: mutation.isPending,
    isProving: proving,
    error: mutation.isError && !needsStepUp(mutation.error) ? mutation.error : null,
    proof: (
      <StepUp
        open={proving}
        onClose={() => setProving(false)}
        onDone={() => {
          setProving(false)
          const fresh = newKey()
          setKey(fresh)
          if (input !== undefined) mutation.mutate({ input, key: fresh })
        }}
      />
    ),
  }
}

/** A dialog for one act with a reason. */
export function ReasonDialog<Output>({
  title,
  text,
  press,
  kind = 'primary',
  maxLength,
  isReady = true,
  act,
  onDone,
  onClose,
  children,
}: {
  title: string
  text: string
  press: string
  kind?: NonNullable<ButtonProps['kind']>
  maxLength: number
  /** Whether all but the reason is filled in. */
  isReady?: boolean
  act: (reason: string, key: string) => Promise<Output>
  onDone: (output: Output) => void
  onClose: () => void
  children?: ReactNode
}) {
  const t = useTranslations('risk')
  const common = useTranslations('common')
  const [reason, setReason] = useState('')
  const { run, isPending, isProving, error, proof } = useAct(act, onDone)
  return (
    <>
      <Dialog
        open={!isProving}
        onClose={() => (isProving ? undefined : onClose())}
        title={title}
        footer={
          <>
            <Button onClick={onClose}>{common('back')}</Button>
            <Button
              kind={kind}
              disabled={!reason.trim() || !isReady || isPending}
              onClick={() => run(reason.trim())}
            >
              {press}
            </Button>
          </>
        }
      >
        <p>{text}</p>
        {children}
        <TextField
          label={t('reason')}
          hint={t('reasonHint')}
          value={reason}
          maxLength={maxLength}
          required
          onChange={(event) => setReason(event.target.value)}
        />
        {error ? <ErrorNote error={error} wrote /> : null}
      </Dialog>
      {proof}
    </>
  )
}

/** Says what an act did. */
export function Done({ children }: { children: ReactNode }) {
  return (
    <p role="status" className={children ? 'border-up border-l-4 px-4 py-2' : 'sr-only'}>
      {children}
    </p>
  )
}
