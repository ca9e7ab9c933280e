/** Keys: `?` lists them, `g` and a letter goes to a page, Ctrl+Shift+X stops trading. None of them sends an order. */
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Dialog } from '@/components/dialog.tsx'

const PAGES = {
  h: ['home', '/'],
  s: ['signals', '/signals'],
  p: ['positions', '/positions'],
  t: ['trade', '/trade'],
  o: ['orders', '/orders'],
  f: ['follows', '/follows'],
  r: ['risk', '/risk'],
} as const
const CHORD_MS = 1_500

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}

export function Shortcuts({ onKill }: { onKill: () => void }) {
  const t = useTranslations('app')
  const common = useTranslations('common')
  const navigate = useNavigate()
  const [isHelp, setHelp] = useState(false)
  const startedAt = useRef(0)

  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'x') {
        event.preventDefault()
        onKill()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('dialog[open]')) return
      const page =
        Date.now() - startedAt.current < CHORD_MS ? PAGES[event.key as keyof typeof PAGES] : undefined
      startedAt.current = event.key === 'g' ? Date.now() : 0
      if (page) void navigate({ to: page[1] })
      if (event.key === '?') setHelp(true)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [navigate, onKill])

  const rows: [string, string][] = [
    ['?', t('shortcutHelp')],
    ...Object.entries(PAGES).map(([key, [page]]): [string, string] => [
      `g ${key}`,
      t('shortcutGo', { page: t(page) }),
    ]),
    ['Ctrl Shift X', t('shortcutKill')],
  ]
  return (
    <Dialog
      open={isHelp}
      onClose={() => setHelp(false)}
      title={t('shortcuts')}
      footer={
        <Button data-autofocus onClick={() => setHelp(false)}>
          {common('close')}
        </Button>
      }
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {rows.map(([keys, text]) => (
          <div key={keys} className="contents">
            <dt>
              {keys.split(' ').map((key) => (
                <kbd
                  key={key}
                  className="mr-1 rounded-[4px] border border-line-strong px-1.5 py-0.5 text-meta"
                >
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p className="text-ink3 text-meta">{t('shortcutsOff')}</p>
    </Dialog>
  )
}
