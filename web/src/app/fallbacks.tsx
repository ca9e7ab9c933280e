import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { buttonClass } from '@/components/button.tsx'
import { ErrorNote } from '@/components/states.tsx'

export function NotFound() {
  const t = useTranslations('app')
  return (
    <main className="flex flex-col items-start gap-4 p-4">
      <h1 className="font-semibold text-title">{t('notFound')}</h1>
      <Link to="/" className={buttonClass({ kind: 'primary' })}>
        {t('goHome')}
      </Link>
    </main>
  )
}

export function ScreenError({ error }: { error: unknown }) {
  return (
    <main className="p-4">
      <ErrorNote error={error} retry={() => location.reload()} />
    </main>
  )
}
