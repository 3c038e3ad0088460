/** What the keys and buttons of the table and the canvas do with what is selected. */
import { ref, type Ref } from 'vue'
import { parse, stringify } from 'yaml'
import { strokeOf } from '@/kit/shortcuts'
import { useToasts } from '@/stores/toasts'
import { t } from '../messages'
import { duplicate, homeOf, insert, outermost, remove, shift, toggle, unwrap, withIds, wrap, type Planner, type Slot } from './edits'
import type { FlowEditor } from './editor'
import { moveAll } from './moves'
import { isMap, keyOf, kindOf, placeOf, type FlowNode, type NodeKind, type Plain } from './graph'

/** Where something new goes, and what may stand there. */
export interface QuickPlace {
  slot: Slot
  kind: NodeKind
  /** Where on the screen it is asked what it shall be. */
  point?: { x: number; y: number }
}

/** A view that knows where its places are on the screen. */
export interface Whereabouts {
  /** The place that is meant when nothing is selected. */
  place: () => QuickPlace | null
  pointOf: (at: QuickPlace) => QuickPlace['point']
}

export interface Commands {
  /** Set while the quick add is open. */
  adding: Ref<QuickPlace | null>
  /** Behind the focused node, or at the end of the sequence. */
  placeAfter: () => QuickPlace
  quickAdd: (at?: QuickPlace) => void
  /** Set by the view that is shown. */
  whereabouts: { view: Whereabouts | null }
  add: (values: readonly Plain[], at: QuickPlace) => Promise<boolean>
  move: (by: 1 | -1) => void
  moveTo: (key: string, slot: Slot) => Promise<boolean>
  duplicate: () => void
  toggle: () => void
  remove: () => void
  wrap: (count: string) => Promise<boolean>
  unwrap: () => void
  copy: () => Promise<void>
  cut: () => Promise<void>
  paste: () => Promise<void>
  /** Handles a key of the table or the canvas; true when it was one of ours. */
  onKey: (event: KeyboardEvent) => boolean
}

const HOME: Record<string, NodeKind> = { sequence: 'step', finally: 'step', rules: 'rule', limits: 'limit' }


/** The lines of a node as a list item at the margin, comments inside included. */
export function yamlOf(text: string, node: FlowNode): string {
  const lines = text.split('\n').slice(node.line - 1, node.endLine)
  const dash = /^(\s*)-\s/.exec(lines[0] ?? '')
  if (!dash) return stringify([node.value], { defaultStringType: 'PLAIN' })
  const margin = dash[1]?.length ?? 0
  return `${lines.map((line) => (line.slice(0, margin).trim() ? line : line.slice(margin))).join('\n')}\n`
}

/** Whatever was copied as items of a list; null when it is no YAML of nodes. */
export function itemsOf(yaml: string): Plain[] | null {
  let read: unknown
  try {
    read = parse(yaml, { schema: 'failsafe' })
  } catch {
    return null
  }
  const list = Array.isArray(read) ? read : [read]
  return list.length && list.every((item) => isMap(item)) ? (list as Plain[]) : null
}

export function useCommands(editor: FlowEditor): Commands {
  const adding = ref<QuickPlace | null>(null)
  const toasts = useToasts()
  const keys = () => editor.selection.value
  const title = () => editor.focused.value?.title || editor.focused.value?.verb || ''
  const run = (name: string, plan: Planner, key = '') => editor.apply(name, plan, key)

  function placeAfter(): QuickPlace {
    const node = editor.focused.value
    const place = node && placeOf(node)
    if (node && place) return { slot: { list: place.list, index: place.index + 1 }, kind: node.kind === 'end' ? 'step' : node.kind }
    return { slot: homeOf(editor.graph.value, 'step'), kind: 'step' }
  }

  const whereabouts: Commands['whereabouts'] = { view: null }
  function quickAdd(at?: QuickPlace): void {
    const place = at ?? (editor.focused.value ? null : whereabouts.view?.place()) ?? placeAfter()
    adding.value = { ...place, point: whereabouts.view?.pointOf(place) }
  }

  const add = (values: readonly Plain[], at: QuickPlace) => run(t('stepAdd'), (graph) => insert(at.slot, withIds(graph, values, at.kind))(graph))

  async function copy(): Promise<void> {
    const nodes = outermost(editor.graph.value, keys())
    if (!nodes.length) return
    await navigator.clipboard.writeText(nodes.map((node) => yamlOf(editor.graph.value.text, node)).join(''))
    toasts.show('ok', t('copied', { n: nodes.length }))
  }

  async function cut(): Promise<void> {
    await copy()
    await run(t('stepCut', { title: title() }), remove(keys()))
  }

  async function paste(): Promise<void> {
    const values = itemsOf(await navigator.clipboard.readText())
    if (!values?.length) return toasts.show('warning', t('pasteNothing'), t('pasteHint'))
    const kind = kindOf(values[0])
    const here = placeAfter()
    const fits = here.kind === kind || (kind === 'step' && here.kind === 'action')
    await run(t('stepPaste'), (graph) => {
      const at = fits ? here.slot : homeOf(graph, kind)
      return insert(at, withIds(graph, values, kind))(graph)
    })
  }

  const move = (by: 1 | -1) => { for (const key of keys().slice(-1)) void run(t('stepMove', { title: title() }), (graph) => shift(editor.selection.value.at(-1) ?? key, by)(graph), `move ${title()}`) }

  const commands: Commands = {
    adding, whereabouts, placeAfter, add, copy, cut, paste, move,
    quickAdd,
    moveTo: (key, slot) => run(t('stepMove', { title: editor.graph.value.nodes.get(key)?.title ?? '' }), moveAll([key], slot)),
    duplicate: () => void (editor.focused.value && run(t('stepDuplicate', { title: title() }), duplicate(editor.focused.value.key))),
    toggle: () => void run(t('stepToggle', { title: title() }), toggle(keys())),
    remove: () => void run(t('stepRemove', { title: title() }), remove(keys())),
    wrap: (count) => run(t('stepLoop', { n: count }), wrap(keys(), { repeat: count })),
    unwrap: () => void (editor.focused.value && run(t('stepUnwrap'), unwrap(editor.focused.value.key))),
    onKey: () => false,
  }

  const KEYS: Record<string, () => void> = {
    '/': () => commands.quickAdd(), Tab: () => commands.quickAdd(), 'Alt+ArrowUp': () => move(-1), 'Alt+ArrowDown': () => move(1),
    'Ctrl+D': commands.duplicate, d: commands.toggle, Delete: commands.remove, Backspace: commands.remove,
    'Ctrl+C': () => void copy(), 'Ctrl+X': () => void cut(), 'Ctrl+V': () => void paste(), 'Ctrl+A': () => editor.select(siblings(editor)),
  }
  commands.onKey = (event) => {
    const act = editor.readonly || isTyping(event) ? undefined : KEYS[strokeOf(event)]
    if (!act || (event.key === 'Tab' && !editor.focused.value)) return false
    event.preventDefault()
    event.stopPropagation()
    act()
    return true
  }
  return commands
}

const isTyping = (event: KeyboardEvent) => event.target instanceof Element && event.target.closest('input, textarea, select, .cm-editor, [role=dialog]') !== null

/** All that stand beside the focused node, else the whole sequence. */
function siblings(editor: FlowEditor): string[] {
  const node = editor.focused.value
  const place = node && placeOf(node)
  const list = keyOf(place?.list ?? ['sequence'])
  return [...editor.graph.value.nodes.values()].filter((one) => keyOf(one.path.slice(0, -1)) === list && HOME[String(one.path[0])] !== 'limit').map((one) => one.key)
}
