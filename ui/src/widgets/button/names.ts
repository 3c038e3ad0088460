/** Names of rules and scripts for the form of a button: read when somebody opens it. */
import { shallowRef } from 'vue'
import { rulesApi, scriptsApi } from '@/api/endpoints'

const AGAIN_MS = 5000
export const ruleNames = shallowRef<{ const: string; title: string }[]>([])
export const scriptNames = shallowRef<{ const: string; title: string }[]>([])
let read = -Infinity

/** Without an answer the fields stay free text. */
export function readNames(): void {
  if (performance.now() - read < AGAIN_MS) return
  read = performance.now()
  rulesApi.list().then(({ items }) => (ruleNames.value = items.map((rule) => ({ const: rule.id, title: rule.title || rule.id })))).catch(() => undefined)
  scriptsApi.list().then(({ items }) => (scriptNames.value = items.map((script) => ({ const: script.name, title: script.name })))).catch(() => undefined)
}

export const choiceOf = (names: { const: string; title: string }[]) => (names.length ? { oneOf: names } : { type: 'string', maxLength: 200 })
