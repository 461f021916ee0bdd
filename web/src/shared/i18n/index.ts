/** The language of the pages: the saved choice, else the browser's. */

import { createI18n } from 'vue-i18n'
import { savedLanguage } from '../storage'
import type { Language } from '../types'
import { en } from './en'
import { ko } from './ko'
import { preferredLanguage } from './preferred'

export const i18n = createI18n({
  legacy: false,
  locale: savedLanguage.get() ?? preferredLanguage(navigator.languages),
  fallbackLocale: 'en',
  messages: { ko, en },
  missingWarn: import.meta.env.DEV,
  fallbackWarn: import.meta.env.DEV,
})

export const language = (): Language => i18n.global.locale.value as Language

/** Shows the pages in `next` and remembers it in this browser. */
export function setLanguage(next: Language): void {
  i18n.global.locale.value = next
  savedLanguage.set(next)
  document.documentElement.lang = next
}

/** Forgets the choice of this browser and follows its own language again. */
export function useBrowserLanguage(): void {
  setLanguage(preferredLanguage(navigator.languages))
  savedLanguage.set(null)
}
