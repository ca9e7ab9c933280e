/** A secret that is shown this once, with a button that copies it. */
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'

export function Secret({ label, value }: { label: string; value: string }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <p className="font-medium text-table">{label}</p>
      <div className="flex flex-wrap items-start gap-2">
        <code className="min-w-0 flex-1 basis-48 select-all whitespace-pre-line break-all rounded-[6px] border border-line bg-sunken px-2 py-1.5 text-table">
          {value}
        </code>
        <CopyButton label={label} value={value} />
      </div>
    </div>
  )
}

function CopyButton({ label, value }: { label: string; value: string }) {
  const t = useTranslations('settings')
  const [outcome, setOutcome] = useState<'copied' | 'notCopied' | null>(null)

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(value)
      setOutcome('copied')
    } catch {
      setOutcome('notCopied')
    }
  }

  return (
    <span className="relative flex flex-wrap items-center gap-2">
      <Button aria-label={t('copyWhat', { what: label })} onClick={() => void copy()}>
        {t('copy')}
      </Button>
      <span role="status" className="text-ink2 text-meta empty:absolute">
        {outcome ? t(outcome) : ''}
      </span>
    </span>
  )
}
