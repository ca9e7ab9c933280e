/** Plain tables: real elements, figures on the right, scrolled sideways where the screen is narrow. */
import type { ComponentProps, ReactNode } from 'react'
import { cn } from '@/lib/cn.ts'

export function Table({ label, head, children }: { label: string; head: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of fields is not meant
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div role="group" className="relative overflow-x-auto" tabIndex={0} aria-label={label}>
      <table className="w-full border-collapse text-table">
        <thead className="text-ink3 text-meta">
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

export function Th({ right, className, ...rest }: ComponentProps<'th'> & { right?: boolean }) {
  return (
    <th
      scope="col"
      className={cn(
        'h-8 px-3 font-medium whitespace-nowrap first:pl-4 last:pr-4',
        right ? 'text-right' : 'text-left',
        className,
      )}
      {...rest}
    />
  )
}

export function Td({ right, className, ...rest }: ComponentProps<'td'> & { right?: boolean }) {
  return (
    <td
      className={cn(
        'h-(--row) border-line border-t px-3 whitespace-nowrap first:pl-4 last:pr-4',
        right ? 'numeric text-right' : 'text-left',
        className,
      )}
      {...rest}
    />
  )
}
