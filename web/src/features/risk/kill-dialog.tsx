/** Stops one account or one source. */
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { CheckField, SelectField, TextField } from '@/components/field.tsx'
import { ReasonDialog } from './act.tsx'
import type { Subject } from './limits-panel.tsx'

const REASON = 200
/** What the server wants to read before it takes protection away. */
const CONFIRMATION = 'CANCEL STOPS'

export function KillDialog({
  subjects,
  onClose,
  onDone,
}: {
  subjects: readonly Subject[]
  onClose: () => void
  onDone: (name: string) => void
}) {
  const t = useTranslations('risk')
  const [chosen, setChosen] = useState('')
  const [cancelStops, setCancelStops] = useState(false)
  const [confirmation, setConfirmation] = useState('')
  const subject = subjects.find((one) => one.id === chosen)
  return (
    <ReasonDialog
      title={t('killTitle')}
      text={t('killText')}
      press={t('killPress')}
      kind="stop"
      maxLength={REASON}
      isReady={subject !== undefined && (!cancelStops || confirmation === CONFIRMATION)}
      act={(reason, key) =>
        unwrap(
          api.POST('/api/v1/kills', {
            params: { header: once(key) },
            body: {
              scope: subject?.scope ?? 'account',
              subject: chosen,
              reason,
              cancel_stops: cancelStops,
              ...(cancelStops ? { confirm: confirmation } : {}),
            },
          }),
        )
      }
      onDone={() => onDone(subject?.name ?? chosen)}
      onClose={onClose}
    >
      <SelectField
        label={t('killWhat')}
        value={chosen}
        required
        onChange={(event) => setChosen(event.target.value)}
      >
        <option value="">{t('killChoose')}</option>
        {subjects.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </SelectField>
      <CheckField
        label={t('killStops')}
        hint={t('killStopsHint')}
        checked={cancelStops}
        onChange={(event) => setCancelStops(event.target.checked)}
      />
      {cancelStops ? (
        <TextField
          label={t('killConfirm')}
          value={confirmation}
          autoComplete="off"
          onChange={(event) => setConfirmation(event.target.value)}
        />
      ) : null}
    </ReasonDialog>
  )
}
