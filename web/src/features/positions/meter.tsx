/** A bar beside a text that says the same. */
import { cn } from '@/lib/cn.ts'

export function Meter({
  label,
  percent,
  className,
}: {
  label: string
  /** Decimal text; more than a hundred fills the bar. */
  percent: string
  className?: string
}) {
  return (
    <meter
      min={0}
      max={100}
      high={90}
      optimum={0}
      value={percent}
      aria-label={label}
      className={cn(
        'h-2 w-24 [&::-webkit-meter-bar]:h-2 [&::-webkit-meter-bar]:rounded-[4px] [&::-webkit-meter-bar]:border-line-strong [&::-webkit-meter-bar]:bg-none [&::-webkit-meter-bar]:bg-line [&::-webkit-meter-optimum-value]:bg-none [&::-webkit-meter-optimum-value]:bg-accent [&::-webkit-meter-suboptimum-value]:bg-none [&::-webkit-meter-suboptimum-value]:bg-danger',
        className,
      )}
    />
  )
}
