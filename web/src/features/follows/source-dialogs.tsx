/** Making a source, and giving one a new address. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, once, type Schemas, unwrap } from '@/api/client.ts'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'
import { CheckField, SelectField, TextField } from '@/components/field.tsx'
import { useAct } from '@/features/signals/act.tsx'
import type { Source, SourceSecrets } from './queries.ts'

const KINDS = ['tradingview', 'api', 'text', 'manual'] as const

export function NewSourceDialog({
  onClose,
  onDone,
}: {
  onClose: () => void
  onDone: (secrets: SourceSecrets) => void
}) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [form, setForm] = useState<Schemas['SourceCreate']>({
    name: '',
    kind: 'tradingview',
    description: '',
    visibility: 'private',
    with_body_secret: false,
  })
  const put = (change: Partial<Schemas['SourceCreate']>) => setForm({ ...form, ...change })
  const act = useAct<Schemas['SourceCreate'], SourceSecrets>({
    send: (body, key) => unwrap(api.POST('/api/v1/sources', { params: { header: once(key) }, body })),
    done: (secrets) => {
      void client.invalidateQueries({ queryKey: ['sources'] })
      onDone(secrets)
    },
  })
  const isManual = form.kind === 'manual'
  return (
    <Dialog open onClose={onClose} title={t('newSource')}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          act.run({
            ...form,
            name: form.name.trim(),
            with_body_secret: form.with_body_secret === true && !isManual,
          })
        }}
      >
        <p>{t('createSourceWhat')}</p>
        <TextField
          label={t('name')}
          hint={t('nameHint')}
          value={form.name}
          maxLength={80}
          required
          onChange={(event) => put({ name: event.target.value })}
        />
        <SelectField
          label={t('kind')}
          value={form.kind}
          onChange={(event) =>
            put({ kind: KINDS.find((kind) => kind === event.target.value) ?? 'tradingview' })
          }
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kinds.${kind}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t('description')}
          hint={t('descriptionHint')}
          value={form.description}
          maxLength={500}
          onChange={(event) => put({ description: event.target.value })}
        />
        <SelectField
          label={t('visibility')}
          value={form.visibility}
          onChange={(event) => put({ visibility: event.target.value === 'public' ? 'public' : 'private' })}
        >
          <option value="private">{t('visibilities.private')}</option>
          <option value="public">{t('visibilities.public')}</option>
        </SelectField>
        {isManual ? null : (
          <CheckField
            label={t('withSecret')}
            hint={t('withSecretHint')}
            checked={form.with_body_secret === true}
            onChange={(event) => put({ with_body_secret: event.target.checked })}
          />
        )}
        {act.notes}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" kind="primary" disabled={!form.name.trim() || act.isPending}>
            {t('createSource')}
          </Button>
        </div>
      </form>
      {act.proof}
    </Dialog>
  )
}

export function RotateDialog({
  source,
  onClose,
  onDone,
}: {
  source: Source
  onClose: () => void
  onDone: (secrets: SourceSecrets) => void
}) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [isAtOnce, setAtOnce] = useState(false)
  const act = useAct<boolean, SourceSecrets>({
    send: (revoke, key) =>
      unwrap(
        api.POST('/api/v1/sources/{source_id}/rotate', {
          params: { path: { source_id: source.id }, header: once(key) },
          body: { revoke_old: revoke },
        }),
      ),
    done: (secrets) => {
      void client.invalidateQueries({ queryKey: ['sources'] })
      onDone(secrets)
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('rotateTitle', { name: source.name })}
      footer={
        <>
          <Button onClick={onClose}>{common('back')}</Button>
          <Button
            kind={isAtOnce ? 'danger' : 'primary'}
            disabled={act.isPending}
            onClick={() => act.run(isAtOnce)}
          >
            {t('rotate')}
          </Button>
        </>
      }
    >
      <p>{t('rotateWhat')}</p>
      <CheckField
        label={t('rotateNow')}
        hint={t('rotateNowHint')}
        checked={isAtOnce}
        onChange={(event) => setAtOnce(event.target.checked)}
      />
      {act.notes}
      {act.proof}
    </Dialog>
  )
}
