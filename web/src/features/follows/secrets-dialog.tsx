/** An address and a secret that are shown this once. They live in this dialog and nowhere else. */
import { Copy } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { TextField } from '@/components/field.tsx'
import type { SourceSecrets } from './queries.ts'

export function SecretsDialog({ secrets, onClose }: { secrets: SourceSecrets; onClose: () => void }) {
  const t = useTranslations('follows')
  const { source, hook_url, body_secret } = secrets
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('secrets.title')}
      footer={
        <Button kind="primary" onClick={onClose}>
          {t('secrets.done')}
        </Button>
      }
    >
      <p>{hook_url || body_secret ? t('secrets.what') : t('secrets.none')}</p>
      {hook_url ? (
        <Secret
          label={t('secrets.address', { name: source.name })}
          hint={t('secrets.addressHint')}
          value={hook_url}
        />
      ) : null}
      {body_secret ? (
        <Secret label={t('secrets.secret')} hint={t('secrets.secretHint')} value={body_secret} />
      ) : null}
    </Dialog>
  )
}

function Secret({ label, hint, value }: { label: string; hint: string; value: string }) {
  const t = useTranslations('follows')
  const [said, setSaid] = useState('')
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(value)
      setSaid(t('secrets.copied'))
    } catch {
      setSaid(t('secrets.notCopied'))
    }
  }
  return (
    <div className="flex flex-col gap-2">
      <TextField
        label={label}
        hint={hint}
        value={value}
        readOnly
        spellCheck={false}
        onFocus={(event) => event.target.select()}
      />
      <div className="flex flex-wrap items-center gap-3">
        <Button onClick={() => void copy()} aria-label={t('secrets.copy', { what: label })}>
          <Copy aria-hidden="true" className="size-4" />
          {t('secrets.copyShort')}
        </Button>
        <span role="status" className="text-ink2">
          {said}
        </span>
      </div>
    </div>
  )
}
