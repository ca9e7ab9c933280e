/** Text catalogues: one per feature, English at once, German when it is chosen. */
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { IntlProvider } from 'use-intl'
import { en, type Messages } from './en.ts'

export type Language = 'en' | 'de'
export const LANGUAGES: readonly Language[] = ['en', 'de']
const STORED = 'tradsy.language'

declare module 'use-intl' {
  interface AppConfig {
    Messages: Messages
    Locale: Language
  }
}

interface Choice {
  language: Language
  choose(language: Language): void
}

const ChoiceContext = createContext<Choice | null>(null)

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'de') return stored
  return navigator.language.startsWith('de') ? 'de' : 'en'
}

/** The zone that times are shown in: the browser's own, and always named beside the time. */
export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

export function LanguageProvider({ children, initial }: { children: ReactNode; initial?: Language }) {
  const [language, setLanguage] = useState<Language>(initial ?? firstLanguage)
  const [messages, setMessages] = useState<Messages>(en)
  useEffect(() => {
    document.documentElement.lang = language
    if (language === 'en') {
      setMessages(en)
      return
    }
    let current = true
    void import('./de.ts').then(({ de }) => current && setMessages(de))
    return () => {
      current = false
    }
  }, [language])
  const choice = useMemo(
    () => ({
      language,
      choose: (next: Language) => {
        localStorage.setItem(STORED, next)
        setLanguage(next)
      },
    }),
    [language],
  )
  return (
    <ChoiceContext value={choice}>
      <IntlProvider locale={language} messages={messages} timeZone={ZONE}>
        {children}
      </IntlProvider>
    </ChoiceContext>
  )
}

export function useLanguage(): Choice {
  const choice = use(ChoiceContext)
  if (choice === null) throw new Error('useLanguage outside of LanguageProvider')
  return choice
}
