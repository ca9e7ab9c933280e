/** An id that can be copied whole. */
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { UNKNOWN } from '@/lib/numbers.ts'

export function Copyable({ label, value }: { label: string; value: string | null }) {
  const t = useTranslations('orders')
  const [copied, setCopied] = useState(false)
  if (!value) return <span className="text-ink3">{UNKNOWN}</span>
  return (
    <span className="inline-flex min-w-0 items-center gap-1">
      <code className="numeric min-w-0 break-all text-meta">{value}</code>
      <Button
        kind="quiet"
        size="small"
        aria-label={t('copyOf', { what: label })}
        onClick={() => void navigator.clipboard.writeText(value).then(() => setCopied(true))}
      >
        {copied ? (
          <Check aria-hidden="true" className="size-3.5" />
        ) : (
          <Copy aria-hidden="true" className="size-3.5" />
        )}
      </Button>
      <span role="status" className="text-meta text-up">
        {copied ? t('copied') : ''}
      </span>
    </span>
  )
}

export function Fields({ children }: { children: React.ReactNode }) {
  return (
    <dl className="grid sticky left-4 max-w-[calc(100vw-4rem)] md:max-w-[min(100vw-16rem,80rem)] grid-cols-1 gap-x-6 gap-y-2 whitespace-normal py-3 text-left sm:grid-cols-2 xl:grid-cols-3">
      {children}
    </dl>
  )
}

export function Field({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-ink3 text-meta">{label}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  )
}
