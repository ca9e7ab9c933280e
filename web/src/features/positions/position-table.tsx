/** The table of positions, by account; long ones draw the rows in view alone. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react'
import { useRef } from 'react'
import { useTranslations } from 'use-intl'
import type { Position } from '@/api/queries.ts'
import { Th } from '@/components/table.tsx'
import { cn } from '@/lib/cn.ts'
import { GroupRow, PositionRow } from './position-row.tsx'
import { type Column, keyOf, type Sorting, useFrozenOrder } from './sorting.ts'
import { type Account, type AccountSums, sumAccounts } from './totals.ts'

const LONG = 100
const ROW_HEIGHT = 32

type Line = { key: string; group: AccountSums } | { key: string; position: Position }

const HEADS = [
  ['symbol', 'symbol', false],
  ['asset_class', 'assetClass', false],
  ['quantity', 'quantity', true],
  ['average_price', 'average', true],
  ['price', 'price', true],
  [null, 'quote', true],
  ['market_value', 'value', true],
  ['unrealized_pnl', 'unrealized', true],
  ['realized_pnl', 'realized', true],
  ['fees', 'fees', true],
  ['opened_at', 'opened', false],
] as const satisfies readonly (readonly [Column | null, string, boolean])[]

export function PositionTable({
  positions,
  accounts,
  closedSymbols,
  sorting,
  onSort,
}: {
  positions: readonly Position[]
  accounts: readonly Account[]
  /** Symbols whose session is over: their prices may be old. */
  closedSymbols: ReadonlySet<string>
  sorting: Sorting
  onSort: (sorting: Sorting) => void
}) {
  const t = useTranslations('positions')
  const scroller = useRef<HTMLDivElement>(null)
  const hasPointer = useRef(false)
  const ordered = useFrozenOrder(
    positions,
    sorting,
    () => hasPointer.current || Boolean(scroller.current?.contains(document.activeElement)),
  )
  const lines = sumAccounts(positions, accounts).flatMap((group): Line[] => [
    { key: group.id, group },
    ...ordered
      .filter((position) => position.account_id === group.id)
      .map((position) => ({ key: keyOf(position), position })),
  ])
  const isLong = positions.length > LONG
  const virtual = useVirtualizer({
    count: lines.length,
    enabled: isLong,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => lines[index]?.key ?? index,
    getScrollElement: () => scroller.current,
    overscan: 10,
  })
  const drawn = isLong ? virtual.getVirtualItems() : lines.map((_, index) => ({ index, start: 0, end: 0 }))
  const before = isLong ? (drawn[0]?.start ?? 0) : 0
  const after = isLong ? virtual.getTotalSize() - (drawn.at(-1)?.end ?? 0) : 0
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of fields is not meant
    <div
      role="group"
      ref={scroller}
      aria-label={t('list')}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      className={cn('overflow-x-auto', isLong && 'max-h-[70dvh] overflow-y-auto')}
      onPointerEnter={() => {
        hasPointer.current = true
      }}
      onPointerLeave={() => {
        hasPointer.current = false
      }}
    >
      <table className="w-full border-collapse text-table" aria-rowcount={lines.length + 1}>
        <thead className="sticky top-0 z-10 bg-surface text-ink3 text-meta">
          <tr aria-rowindex={1}>
            {HEADS.map(([column, name, isRight]) =>
              column === null ? (
                <Th key={name} right={isRight}>
                  {t(name)}
                </Th>
              ) : (
                <SortHead
                  key={name}
                  column={column}
                  name={t(name)}
                  isRight={isRight}
                  sorting={sorting}
                  onSort={onSort}
                />
              ),
            )}
          </tr>
        </thead>
        <tbody>
          <Space height={before} />
          {drawn.map(({ index }) => {
            const line = lines[index]
            if (!line) return null
            const place = {
              'aria-rowindex': index + 2,
              'data-index': index,
              ref: isLong ? virtual.measureElement : undefined,
            }
            return 'group' in line ? (
              <GroupRow key={line.key} group={line.group} place={place} />
            ) : (
              <PositionRow
                key={line.key}
                position={line.position}
                isClosed={closedSymbols.has(line.position.symbol)}
                place={place}
              />
            )
          })}
          <Space height={after} />
        </tbody>
      </table>
    </div>
  )
}

/** Stands for the rows that are out of view. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr>
      <td colSpan={HEADS.length} style={{ height }} />
    </tr>
  )
}

function SortHead({
  column,
  name,
  isRight,
  sorting,
  onSort,
}: {
  column: Column
  name: string
  isRight: boolean
  sorting: Sorting
  onSort: (sorting: Sorting) => void
}) {
  const isChosen = sorting.column === column
  const Icon = !isChosen ? ArrowUpDown : sorting.isDown ? ArrowDown : ArrowUp
  return (
    <Th right={isRight} aria-sort={!isChosen ? 'none' : sorting.isDown ? 'descending' : 'ascending'}>
      <button
        type="button"
        className={cn(
          'inline-flex min-h-6 cursor-pointer items-center gap-1 font-medium hover:text-ink pointer-coarse:min-h-11',
          isRight && 'flex-row-reverse',
          isChosen && 'text-ink',
        )}
        onClick={() => onSort({ column, isDown: isChosen && !sorting.isDown })}
      >
        {name}
        <Icon aria-hidden="true" className={cn('size-3', !isChosen && 'opacity-50')} />
      </button>
    </Th>
  )
}
