/** Small parts of the audit screens: a row that opens, and long values that must be exact. */
import { ChevronRight } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { cn } from '@/lib/cn.ts'

/** A list row with more behind it; what is inside is made only once it is opened. */
export function Opening({ summary, children }: { summary: ReactNode; children: () => ReactNode }) {
  const [open, setOpen] = useState(false)
  return (
    <details
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="group border-line border-t first:border-t-0"
    >
      <summary className="flex min-h-(--row) cursor-pointer list-none items-start gap-2 px-4 py-1.5 hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-ink3 group-open:rotate-90" />
        {summary}
      </summary>
      {open ? <div className="bg-sunken px-4 py-3 pl-10 max-sm:pl-4">{children()}</div> : null}
    </details>
  )
}

/** A term and a value that may be long and must not be shortened. */
export function Exact({
  label,
  className,
  children,
}: {
  label: string
  className?: string
  children: ReactNode
}) {
  return (
    <div className={cn('min-w-0', className)}>
      <dt className="text-ink3 text-meta">{label}</dt>
      <dd className="font-mono text-table break-all">{children}</dd>
    </div>
  )
}
