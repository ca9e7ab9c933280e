import type { ReactNode } from 'react'
import { cn } from '@/lib/cn.ts'

type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'accent'

const tones: Record<Tone, string> = {
  neutral: 'border-line-strong text-ink2',
  good: 'border-up text-up',
  warn: 'border-warn text-warn',
  bad: 'border-danger text-danger',
  accent: 'border-accent text-accent',
}

export function Badge({ tone = 'neutral', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={cn(
        'inline-flex min-h-5 items-center rounded-[4px] border px-1.5 font-medium text-axis whitespace-nowrap',
        tones[tone],
      )}
    >
      {children}
    </span>
  )
}
