/** Which events are wanted: the address holds it, so that a view can be kept and sent on. */
import { useLocation, useRouter } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { TextField } from '@/components/field.tsx'
import { ZONE } from '@/i18n/index.tsx'

const NAMES = ['action', 'subject', 'since', 'until'] as const
export type Filters = Partial<Record<(typeof NAMES)[number], string>>

export function useFilters(): [Filters, (filters: Filters) => void] {
  const { searchStr } = useLocation()
  const router = useRouter()
  const filters = useMemo(() => {
    const search = new URLSearchParams(searchStr)
    const found: Filters = {}
    for (const name of NAMES) {
      const value = search.get(name)
      if (value) found[name] = value
    }
    return found
  }, [searchStr])
  const apply = (next: Filters) => {
    const text = new URLSearchParams(next).toString()
    router.history.push(`${router.basepath}/audit${text ? `?${text}` : ''}`)
  }
  return [filters, apply]
}

/** An instant as a field for date and time takes it: in the zone of the browser. */
function asLocal(at: string | undefined): string {
  const time = at ? new Date(at) : null
  if (time === null || Number.isNaN(time.getTime())) return ''
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function FilterForm({ filters, apply }: { filters: Filters; apply: (filters: Filters) => void }) {
  const t = useTranslations('audit')
  const [action, setAction] = useState(filters.action ?? '')
  const [subject, setSubject] = useState(filters.subject ?? '')
  const [since, setSince] = useState(() => asLocal(filters.since))
  const [until, setUntil] = useState(() => asLocal(filters.until))
  return (
    <form
      aria-label={t('filters')}
      className="grid items-start gap-3 border-line border-b px-4 py-3 sm:grid-cols-2 xl:grid-cols-4"
      onSubmit={(event) => {
        event.preventDefault()
        apply({
          ...(action.trim() ? { action: action.trim() } : {}),
          ...(subject.trim() ? { subject: subject.trim() } : {}),
          ...(since ? { since: new Date(since).toISOString() } : {}),
          ...(until ? { until: new Date(until).toISOString() } : {}),
        })
      }}
    >
      <TextField
        label={t('action')}
        hint={t('actionHint')}
        value={action}
        maxLength={200}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => setAction(event.target.value)}
      />
      <TextField
        label={t('subject')}
        hint={t('subjectHint')}
        value={subject}
        maxLength={200}
        spellCheck={false}
        autoCapitalize="none"
        onChange={(event) => setSubject(event.target.value)}
      />
      <TextField
        label={t('since')}
        hint={t('zone', { zone: ZONE })}
        type="datetime-local"
        value={since}
        onChange={(event) => setSince(event.target.value)}
      />
      <TextField
        label={t('until')}
        hint={t('zone', { zone: ZONE })}
        type="datetime-local"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
      />
      <div className="flex gap-2 sm:col-span-2 xl:col-span-4">
        <Button type="submit" kind="primary">
          {t('apply')}
        </Button>
        <Button onClick={() => apply({})}>{t('clear')}</Button>
      </div>
    </form>
  )
}
