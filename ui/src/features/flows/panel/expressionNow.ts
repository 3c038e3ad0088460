/** What expressions of the form are worth now: all that are on the screen are asked for together, once a second. */
import { inject, onBeforeUnmount, provide, shallowRef, watch, type InjectionKey, type ShallowRef } from 'vue'
import { flowEditsApi, type ExpressionNow } from '@/api/flowEdits'
import { isMap, textOf, type FlowGraph } from '../model/graph'
import type { FlowEditor } from '../model/editor'

const EVERY_MS = 1000
const MOST = 32

interface Entry { text: string; now: ShallowRef<ExpressionNow | null> }
interface Asker { add: (entry: Entry) => void; remove: (entry: Entry) => void }
const KEY: InjectionKey<Asker> = Symbol('expressions now')

/** Values `$name` stands for, as far as the file gives them. */
export function defaultsOf(graph: FlowGraph): Record<string, string> {
  const { parameters } = graph.head
  if (!isMap(parameters)) return {}
  const pairs = Object.entries(parameters).map(([name, value]) => [name, isMap(value) ? textOf(value.default) : textOf(value)] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value))
}

/** Each text once, no more than the server takes. */
export const askedOf = (entries: Iterable<{ text: string }>): string[] => [...new Set([...entries].map((one) => one.text))].slice(0, MOST)

/** One for the panel: it asks only while there is something to be shown and somebody looks. */
export function provideExpressionsNow(editor: FlowEditor): void {
  const entries = new Set<Entry>()
  let timer = 0
  let isAsking = false

  async function ask(): Promise<void> {
    const expressions = askedOf(entries)
    if (!expressions.length || isAsking || document.hidden) return
    isAsking = true
    const graph = editor.graph.value
    try {
      const { items } = await flowEditsApi.evaluate({ expressions, flow: editor.id, channel: textOf(graph.head.channel), cell: textOf(graph.head.cell), parameters: defaultsOf(graph) })
      for (const entry of entries) entry.now.value = items[expressions.indexOf(entry.text)] ?? null
    } catch {
      for (const entry of entries) entry.now.value = null // without a server nothing is said; the page tells of the lost connection
    } finally {
      isAsking = false
    }
  }
  provide(KEY, {
    add(entry) {
      entries.add(entry)
      if (!timer) timer = window.setInterval(() => void ask(), EVERY_MS)
      void ask()
    },
    remove(entry) {
      entries.delete(entry)
      if (entries.size) return
      window.clearInterval(timer)
      timer = 0
    },
  })
  onBeforeUnmount(() => window.clearInterval(timer))
}

/** The value of one expression while its place is on the screen; empty text: nothing. */
export function useExpressionNow(text: () => string, place: () => HTMLElement | null): ShallowRef<ExpressionNow | null> {
  const asker = inject(KEY, null)
  const now = shallowRef<ExpressionNow | null>(null)
  const entry: Entry = { text: '', now }
  let isSeen = false
  const settle = (): void => {
    entry.text = text()
    if (entry.text && isSeen) asker?.add(entry)
    else asker?.remove(entry)
    if (!entry.text) now.value = null
  }
  const observer = new IntersectionObserver((seen) => {
    isSeen = seen.some((one) => one.isIntersecting)
    settle()
  })
  watch(text, () => { now.value = null; settle() })
  watch(place, (element, before) => {
    if (before) observer.unobserve(before)
    if (element) observer.observe(element)
  }, { flush: 'post', immediate: true })
  onBeforeUnmount(() => {
    observer.disconnect()
    asker?.remove(entry)
  })
  return now
}
