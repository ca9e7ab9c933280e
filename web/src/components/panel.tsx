import type { ReactNode } from 'react'
import { cn } from '@/lib/cn.ts'

/** A region of a page with a heading: panels sit on the canvas, never in one another. */
export function Panel({
  title,
  actions,
  children,
  className,
  level = 2,
}: {
  title: string
  actions?: ReactNode
  children: ReactNode
  className?: string
  level?: 1 | 2
}) {
  const Heading = level === 1 ? 'h1' : 'h2'
  return (
    <section
      aria-label={title}
      className={cn('min-w-0 rounded-[8px] border border-line bg-surface', className)}
    >
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-line border-b px-4 py-1">
        <Heading className="font-semibold text-body">{title}</Heading>
        {actions ? <div className="flex items-center gap-2">{actions}</div> : null}
      </header>
      {children}
    </section>
  )
}

export function PageTitle({ children, actions }: { children: string; actions?: ReactNode }) {
  return (
    <div className="flex min-h-10 flex-wrap items-center justify-between gap-2">
      <title>{`${children} · Tradsy`}</title>
      <h1 className="font-semibold text-title">{children}</h1>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </div>
  )
}
