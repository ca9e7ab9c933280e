import type { ReactNode } from 'react'
import { cn } from '@/lib/cn.ts'

/** What has happened, and what to do next; the region is there before, so that its text is read out. */
export function Done({ children, className }: { children?: ReactNode; className?: string }) {
  return (
    // Out of the flow while it is empty, or it would take a gap of the form.
    <div role="status" className={cn('empty:absolute', className)}>
      {children ? <p className="border-up border-l-4 px-4 py-2">{children}</p> : null}
    </div>
  )
}
