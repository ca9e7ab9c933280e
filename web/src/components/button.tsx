import { cva, type VariantProps } from 'class-variance-authority'
import type { ComponentProps } from 'react'
import { cn } from '@/lib/cn.ts'

const styles = cva(
  'inline-flex min-h-8 cursor-pointer items-center justify-center gap-2 rounded-[6px] border px-3 text-body font-medium whitespace-nowrap disabled:cursor-not-allowed disabled:opacity-60 pointer-coarse:min-h-11',
  {
    variants: {
      kind: {
        primary: 'border-ink bg-ink text-canvas hover:opacity-90',
        plain: 'border-line-strong bg-surface text-ink hover:bg-sunken',
        quiet: 'border-transparent bg-transparent text-ink2 hover:bg-sunken hover:text-ink',
        danger: 'border-danger bg-surface text-danger hover:bg-danger hover:text-surface',
        stop: 'border-danger bg-danger text-surface hover:opacity-90',
      },
      size: { small: 'min-h-6 px-2 text-meta', normal: '', wide: 'w-full' },
    },
    defaultVariants: { kind: 'plain', size: 'normal' },
  },
)

export type ButtonProps = ComponentProps<'button'> & VariantProps<typeof styles>

export function Button({ kind, size, className, type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={cn(styles({ kind, size }), className)} {...rest} />
}

/** A link that looks like a button. */
export function buttonClass(props: VariantProps<typeof styles> = {}): string {
  return styles(props)
}
