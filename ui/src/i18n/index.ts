/** Languages: English and German; each feature brings its own typed messages with `defineMessages`. */
import { createI18n } from 'vue-i18n'

export type Locale = 'en' | 'de'
export const LOCALES: readonly Locale[] = ['en', 'de']
const STORED = 'ionpy.locale'

function initialLocale(): Locale {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'de') return stored
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'
}

export const i18n = createI18n({
  legacy: false,
  locale: initialLocale(),
  fallbackLocale: 'en',
  messages: { en: {}, de: {} } as Record<Locale, Record<string, Record<string, string>>>,
  missingWarn: false,
  fallbackWarn: false,
})

export function locale(): Locale {
  return i18n.global.locale.value as Locale
}

export function setLocale(value: Locale): void {
  i18n.global.locale.value = value
  localStorage.setItem(STORED, value)
  document.documentElement.lang = value
}

export type Translate<K extends string> = (key: K, args?: Record<string, unknown>) => string

/**
 * Registers the messages of one room and returns its translate function, typed by the English keys.
 *
 * A missing German key is a type error; the function is reactive on the language inside templates.
 */
export function defineMessages<const M extends Record<string, string>>(
  room: string,
  en: M,
  de: { [K in keyof M]: string },
): Translate<Extract<keyof M, string>> {
  i18n.global.mergeLocaleMessage('en', { [room]: en })
  i18n.global.mergeLocaleMessage('de', { [room]: de })
  return (key, args) => i18n.global.t(`${room}.${key}`, args ?? {})
}

/** Text of a key that comes from the server (a state, a verdict); the raw word if it is unknown. */
export function textOr<K extends string>(t: Translate<K>, key: string, known: readonly string[]): string {
  return known.includes(key) ? t(key as K) : key
}
