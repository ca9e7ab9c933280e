/** A row that opens to show everything that is known of it. */
import { ChevronDown, ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { Button } from '@/components/button.tsx'
import { Td } from '@/components/table.tsx'

export function ExpandingRow({
  label,
  columns,
  cells,
  children,
}: {
  /** Name of the button that opens it. */
  label: string
  /** Number of columns, with that of the button. */
  columns: number
  cells: ReactNode
  children: () => ReactNode
}) {
  const id = useId()
  const [open, setOpen] = useState(false)
  const Icon = open ? ChevronDown : ChevronRight
  return (
    <>
      <tr>
        <Td className="w-8 pr-0">
          <Button
            kind="quiet"
            size="small"
            aria-label={label}
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => setOpen(!open)}
          >
            <Icon aria-hidden="true" className="size-4" />
          </Button>
        </Td>
        {cells}
      </tr>
      {open ? (
        <tr id={id} className="bg-sunken">
          <Td colSpan={columns}>{children()}</Td>
        </tr>
      ) : null}
    </>
  )
}
