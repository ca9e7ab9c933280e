import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { saveCsv, toCsv } from './csv.ts'

export type CsvCells = readonly (string | null)[]

/** Saves what a table shows, with the server's own figures and UTC times. */
export function ExportButton({
  name,
  head,
  rows,
}: {
  name: string
  head: readonly string[]
  rows: readonly CsvCells[]
}) {
  const t = useTranslations('orders')
  return (
    <Button
      size="small"
      title={t('exportHint')}
      disabled={rows.length === 0}
      onClick={() => saveCsv(`tradsy-${name}.csv`, toCsv(head, rows))}
    >
      <Download aria-hidden="true" className="size-3.5" />
      {t('export')}
    </Button>
  )
}
