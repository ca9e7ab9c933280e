/** Loads the texts that a screen needs, in the language that was chosen; a change brings all that are in use. */
import { base as english } from './base-en.ts'
import type { Feature, Language, Messages } from './messages.ts'

type Catalogue = Record<string, object>
export interface Spoken {
  language: Language
  messages: Messages
}

const STORED = 'tradsy.language'
const files = import.meta.glob<Catalogue>('../features/*/{en,de}.ts')

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'de') return stored
  return navigator.language.startsWith('de') ? 'de' : 'en'
}

async function loadBase(language: Language): Promise<Catalogue> {
  return language === 'en' ? english : (await import('./base-de.ts')).base
}

async function loadFeature(feature: Feature, language: Language): Promise<Catalogue> {
  const load = files[`../features/${feature}/${language}.ts`]
  const texts = (await load?.())?.[feature]
  if (texts === undefined) throw new Error(`no texts of ${feature} in ${language}`)
  return { [feature]: texts }
}

class TextStore {
  #language: Language = firstLanguage()
  #features = new Set<Feature>()
  #spoken: Spoken = { language: 'en', messages: english as Messages }
  readonly #listeners = new Set<() => void>()

  readonly read = (): Spoken => this.#spoken

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves once the texts of `features` can be read. */
  async ensure(...features: readonly Feature[]): Promise<void> {
    const missing = features.filter((feature) => !this.#features.has(feature))
    if (missing.length === 0 && this.#spoken.language === this.#language) return
    for (const feature of missing) this.#features.add(feature)
    await this.#load()
  }

  /** Speaks another language, and keeps the choice in this browser. */
  async choose(language: Language): Promise<void> {
    localStorage.setItem(STORED, language)
    this.#language = language
    await this.#load()
  }

  async #load(): Promise<void> {
    const language = this.#language
    const parts = [
      loadBase(language),
      ...[...this.#features].map((feature) => loadFeature(feature, language)),
    ]
    const messages = Object.assign({}, ...(await Promise.all(parts))) as Messages
    // Another choice may have been made meanwhile, and will be told by itself.
    if (language !== this.#language) return
    const isKnown = Object.keys(messages).every((name) => name in this.#spoken.messages)
    if (isKnown && this.#spoken.language === language) return
    this.#spoken = { language, messages }
    for (const listener of this.#listeners) listener()
  }
}

export const texts = new TextStore()
