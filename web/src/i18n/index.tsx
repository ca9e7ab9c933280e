/** Gives the screens their texts; `texts` loads them. */
import { type ReactNode, useEffect, useSyncExternalStore } from 'react'
import { IntlProvider } from 'use-intl'
import type { Language, Messages } from './messages.ts'
import { texts } from './texts.ts'

declare module 'use-intl' {
  interface AppConfig {
    Messages: Messages
    Locale: Language
  }
}

/** The zone that times are shown in: the browser's own, and always named beside the time. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

export function LanguageProvider({ children }: { children: ReactNode }) {
  const { language, messages } = useSyncExternalStore(texts.subscribe, texts.read)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return (
    <IntlProvider locale={language} messages={messages} timeZone={ZONE} onError={fail}>
      {children}
    </IntlProvider>
  )
}

/** A text that is missing is a mistake of ours: it fails a test, and is told in the console of a browser. */
function fail(error: Error): void {
  if (import.meta.env.MODE === 'test') throw error
  reportError(error)
}

export function useLanguage(): { language: Language; choose: (language: Language) => void } {
  const { language } = useSyncExternalStore(texts.subscribe, texts.read)
  return { language, choose: (next) => void texts.choose(next) }
}
