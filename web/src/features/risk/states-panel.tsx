/** What is reduce-only, halted or disabled: since when, by whom, why; the ways to stop by hand and to lift it. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, unwrap } from '@/api/client.ts'
import { Badge } from '@/components/badge.tsx'
import { Button } from '@/components/button.tsx'
import { SelectField } from '@/components/field.tsx'
import { DateTime } from '@/components/figures.tsx'
import { Panel } from '@/components/panel.tsx'
import { QueryView } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { Done, ReasonDialog } from './act.tsx'
import type { Subject } from './limits-panel.tsx'
import { type State, statesQuery } from './risk-queries.ts'
import { useWho } from './words.ts'

type Mode = State['mode']
type StopMode = Exclude<Mode, 'normal'>
const REASON = 500
const TONES = { normal: 'good', reduce_only: 'warn', halted: 'bad', disabled: 'bad' } as const

/** Only what is stricter than now can be set by hand. */
function stricter(subject: Subject, mode: Mode): StopMode[] {
  if (subject.scope === 'source') return mode === 'normal' ? ['disabled'] : []
  if (mode === 'normal') return ['reduce_only', 'halted']
  return mode === 'reduce_only' ? ['halted'] : []
}

export function StatesPanel({ subjects }: { subjects: readonly Subject[] }) {
  const t = useTranslations('risk')
  const states = useQuery(statesQuery)
  const client = useQueryClient()
  const [stopping, setStopping] = useState<{ subject: Subject; modes: StopMode[] } | null>(null)
  const [enabling, setEnabling] = useState<Subject | null>(null)
  const [done, setDone] = useState('')
  function finish(text: string): void {
    setDone(text)
    setStopping(null)
    setEnabling(null)
    void client.invalidateQueries({ queryKey: ['risk'] })
  }
  return (
    <Panel title={t('states')}>
      <Done>{done}</Done>
      <QueryView query={states}>
        {(all) => (
          <StateTable
            rows={withOthers(subjects, all)}
            onStop={(subject, modes) => {
              setDone('')
              setStopping({ subject, modes })
            }}
            onEnable={(subject) => {
              setDone('')
              setEnabling(subject)
            }}
          />
        )}
      </QueryView>
      <p className="border-line border-t px-4 py-2 text-ink3 text-meta">{t('statesNote')}</p>
      {stopping ? <StopDialog {...stopping} onClose={() => setStopping(null)} onDone={finish} /> : null}
      {enabling ? (
        <ReasonDialog
          title={t('enableTitle', { subject: enabling.name })}
          text={t('enableText')}
          press={t('enable')}
          maxLength={REASON}
          act={(reason, key) =>
            unwrap(
              api.POST('/api/v1/risk/state/{scope}/{subject}/enable', {
                params: { path: { scope: enabling.scope, subject: enabling.id }, header: once(key) },
                body: { reason },
              }),
            )
          }
          onDone={() => finish(t('enabled', { subject: enabling.name }))}
          onClose={() => setEnabling(null)}
        />
      ) : null}
    </Panel>
  )
}

interface Row {
  subject: Subject
  state: State | undefined
}

/** Every subject with its state, and states of what is not listed any more. */
function withOthers(subjects: readonly Subject[], states: readonly State[]): Row[] {
  const rows = subjects.map((subject) => ({
    subject,
    state: states.find((state) => state.scope === subject.scope && state.subject === subject.id),
  }))
  const others = states
    .filter(
      ({ mode, scope, subject }) =>
        mode !== 'normal' && !subjects.some((s) => s.scope === scope && s.id === subject),
    )
    .flatMap((state): Row[] =>
      state.scope === 'user' || state.scope === 'account' || state.scope === 'source'
        ? [{ subject: { scope: state.scope, id: state.subject, name: state.subject }, state }]
        : [],
    )
  return [...rows, ...others]
}

function StateTable({
  rows,
  onStop,
  onEnable,
}: {
  rows: readonly Row[]
  onStop: (subject: Subject, modes: StopMode[]) => void
  onEnable: (subject: Subject) => void
}) {
  const t = useTranslations('risk')
  const who = useWho()
  return (
    <Table
      label={t('states')}
      head={
        <>
          <Th>{t('subject')}</Th>
          <Th>{t('state')}</Th>
          <Th>{t('act')}</Th>
          <Th>{t('since')}</Th>
          <Th>{t('by')}</Th>
          <Th>{t('why')}</Th>
        </>
      }
    >
      {rows.map(({ subject, state }) => {
        const mode = state?.mode ?? 'normal'
        const modes = stricter(subject, mode)
        return (
          <tr key={`${subject.scope}${subject.id}`}>
            <Td className="font-medium">{subject.name}</Td>
            <Td>
              <Badge tone={TONES[mode]}>{t(`modes.${mode}`)}</Badge>
            </Td>
            <Td>
              <span className="flex gap-2">
                {mode === 'normal' ? null : (
                  <Button
                    size="small"
                    aria-label={t('enableOf', { subject: subject.name })}
                    onClick={() => onEnable(subject)}
                  >
                    {t('enable')}
                  </Button>
                )}
                {modes.length === 0 ? null : (
                  <Button
                    size="small"
                    kind="danger"
                    aria-label={t('stopOf', { subject: subject.name })}
                    onClick={() => onStop(subject, modes)}
                  >
                    {t('stop')}
                  </Button>
                )}
              </span>
            </Td>
            <Td>
              <DateTime at={state?.changed_at} />
            </Td>
            <Td>{state ? who(state.changed_by) : ''}</Td>
            <Td className="min-w-48 whitespace-normal">
              {state?.reason}
              {state?.rule ? <span className="text-ink3"> ({t('byRule', { rule: state.rule })})</span> : null}
            </Td>
          </tr>
        )
      })}
    </Table>
  )
}

function StopDialog({
  subject,
  modes,
  onClose,
  onDone,
}: {
  subject: Subject
  modes: readonly StopMode[]
  onClose: () => void
  onDone: (text: string) => void
}) {
  const t = useTranslations('risk')
  const [chosen, setChosen] = useState<StopMode>(modes[0] ?? 'halted')
  return (
    <ReasonDialog
      title={t('stopTitle', { subject: subject.name })}
      text={t(`modeTexts.${chosen}`)}
      press={t('stop')}
      kind="stop"
      maxLength={REASON}
      act={(reason, key) =>
        unwrap(
          api.PUT('/api/v1/risk/state/{scope}/{subject}', {
            params: { path: { scope: subject.scope, subject: subject.id }, header: once(key) },
            body: { mode: chosen, reason },
          }),
        )
      }
      onDone={(state) => onDone(t('stopped', { subject: subject.name, mode: t(`modes.${state.mode}`) }))}
      onClose={onClose}
    >
      {modes.length > 1 ? (
        <SelectField
          label={t('stopMode')}
          value={chosen}
          onChange={(event) => {
            const next = modes.find((mode) => mode === event.target.value)
            if (next) setChosen(next)
          }}
        >
          {modes.map((mode) => (
            <option key={mode} value={mode}>
              {t(`modes.${mode}`)}
            </option>
          ))}
        </SelectField>
      ) : null}
    </ReasonDialog>
  )
}
