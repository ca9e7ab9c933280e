/** A message with the words that were read from it marked. It is shown as text, whatever it holds. */
import { useTranslations } from 'use-intl'
import type { Schemas } from '@/api/client.ts'
import { spell } from './words.tsx'

type Span = Schemas['SpanRead']

export interface Piece {
  text: string
  at: number
  field: string | null
}

/** Cuts a text at its spans. Places count whole characters, as the server does, and a later overlap is dropped. */
export function cut(text: string, spans: readonly Span[]): Piece[] {
  const characters = [...text]
  const pieces: Piece[] = []
  let done = 0
  const take = (to: number, field: string | null): void => {
    if (to > done) pieces.push({ text: characters.slice(done, to).join(''), at: done, field })
    done = Math.max(done, to)
  }
  for (const { field, start, end } of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < done || end <= start || end > characters.length) continue
    take(start, null)
    take(end, field)
  }
  take(characters.length, null)
  return pieces
}

export function MarkedText({ text, spans }: { text: string; spans: readonly Span[] }) {
  const t = useTranslations('signals')
  const pieces = cut(text, spans)
  const fields = [...new Set(pieces.flatMap(({ field }) => (field === null ? [] : [field])))]
  const number = (field: string): number => fields.indexOf(field) + 1
  const name = (field: string): string => {
    const key = `fields.${field}` as 'fields.action'
    return t.has(key) ? t(key) : spell(field)
  }
  return (
    <div className="flex flex-col gap-3 px-4 py-3">
      <p className="wrap-anywhere whitespace-pre-wrap rounded-[6px] bg-sunken p-3 leading-7">
        {pieces.map((piece) =>
          piece.field === null ? (
            <span key={piece.at}>{piece.text}</span>
          ) : (
            <mark
              key={piece.at}
              title={name(piece.field)}
              className="rounded-[4px] border-accent border-b-2 bg-accent/15 px-0.5 text-ink"
            >
              {piece.text}
              <sup className="numeric ml-0.5 text-accent text-axis">{number(piece.field)}</sup>
            </mark>
          ),
        )}
      </p>
      {fields.length > 0 ? (
        <div>
          <p className="text-ink3 text-meta">{t('detail.spans')}</p>
          <ol aria-label={t('detail.spans')} className="flex flex-wrap gap-x-4 gap-y-1">
            {fields.map((field) => (
              <li key={field}>
                <span className="numeric text-accent">{number(field)}</span> {name(field)}:{' '}
                <span className="font-medium">
                  {pieces.flatMap((piece) => (piece.field === field ? [piece.text.trim()] : [])).join(', ')}
                </span>
              </li>
            ))}
          </ol>
        </div>
      ) : (
        <p className="text-ink2">{t('detail.noSpans')}</p>
      )}
    </div>
  )
}
