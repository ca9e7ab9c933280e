/** A native modal dialog: the browser traps the focus, gives it back, and closes it on Escape. */
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { cn } from '@/lib/cn.ts'

export function Dialog({
  open,
  onClose,
  title,
  children,
  footer,
  className,
}: {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  footer?: ReactNode
  className?: string
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (open && !dialog.open) {
      dialog.showModal()
      // React's own `autoFocus` acts before the dialog is shown, and is lost.
      dialog.querySelector<HTMLElement>('[data-autofocus]')?.focus()
    }
    if (!open && dialog.open) dialog.close()
  }, [open])
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onClose={onClose}
      className={cn(
        'm-auto max-h-[90dvh] w-[min(32rem,calc(100vw-2rem))] rounded-[8px] border border-line bg-raised p-0 text-ink shadow-xl backdrop:bg-black/50',
        className,
      )}
    >
      {open ? (
        <div className="flex max-h-[90dvh] flex-col">
          <h2 id={heading} className="border-line border-b px-4 py-3 font-semibold text-figure">
            {title}
          </h2>
          <div className="flex flex-col gap-4 overflow-y-auto px-4 py-4">{children}</div>
          {footer ? (
            <div className="flex flex-wrap justify-end gap-2 border-line border-t px-4 py-3">{footer}</div>
          ) : null}
        </div>
      ) : null}
    </dialog>
  )
}
