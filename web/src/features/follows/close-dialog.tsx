/** Closing is for ever, so its name is typed. */
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import type { Act } from '@/features/signals/act.tsx'

export function CloseDialog({
  title,
  what,
  name,
  act,
  onClose,
}: {
  title: string
  what: string
  name: string
  act: Act<null>
  onClose: () => void
}) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const [typed, setTyped] = useState('')
  const back = useRef<HTMLButtonElement>(null)
  useEffect(() => back.current?.focus(), [])
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button ref={back} onClick={onClose}>
            {common('back')}
          </Button>
          <Button
            kind="danger"
            disabled={typed.trim() !== name || act.isPending}
            onClick={() => act.run(null)}
          >
            {t('close')}
          </Button>
        </>
      }
    >
      <p>{what}</p>
      <TextField
        label={t('typeName', { name })}
        value={typed}
        autoComplete="off"
        onChange={(event) => setTyped(event.target.value)}
      />
      {act.notes}
      {act.proof}
    </Dialog>
  )
}
