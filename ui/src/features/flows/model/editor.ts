/**
 * One flow being edited: its text, the graph read from it, what the server found, what is selected, and the steps back.
 *
 * All views get it by `useEditor()`; none keeps anything of its own but how it looks. Edits are made by the server's
 * patcher one after the other: a plan is made on the graph as it is when its turn comes.
 */
import { computed, inject, provide, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { flowEditsApi, type EditedFlow } from '@/api/flowEdits'
import type { Finding, OutlineStep } from '@/api/types'
import { Timeline } from '@/kit/timeline'
import { useToasts } from '@/stores/toasts'
import { said } from '../fixes/said'
import { t } from '../messages'
import { nodeOf } from './findings'
import { nodeAtLine, type FlowGraph, type FlowNode } from './graph'
import type { Kept } from './kept'
import { readGraph } from './read'
import type { Planner } from './edits'

const CHECK_MS = 350
const TYPING_MS = 1200
export const MOST_STEPS = 300

export interface State {
  text: string
  selection: string[]
}

export interface FlowEditor {
  id: string
  file: Ref<string>
  readonly: boolean
  text: Ref<string>
  graph: ComputedRef<FlowGraph>
  /** What the server said last; `facts.text` is the text it was about. */
  facts: ShallowRef<EditedFlow | null>
  /** In the language of the page. */
  findings: ComputedRef<Finding[]>
  checking: Ref<boolean>
  /** Edits that wait or are on their way. */
  pending: Ref<number>
  /** Findings on a node itself, not on those inside it. */
  problemsOf: (key: string) => Finding[]
  /** What the server calls a node: its id in runs, its sentence. */
  factsOf: (node: FlowNode) => OutlineStep | undefined
  selection: Ref<readonly string[]>
  /** The last one selected. */
  focused: ComputedRef<FlowNode | null>
  select: (keys: readonly string[]) => void
  selectLine: (line: number) => void
  /** Makes edits; false when they were refused or there was nothing to do. `key`: goes on with the last step of that key. */
  apply: (name: string, plan: Planner, key?: string) => Promise<boolean>
  /** A new text from the text view: a burst of keys is one step. */
  type: (text: string, name: string) => void
  undo: () => void
  redo: () => void
  undoName: Ref<string | null>
  redoName: Ref<string | null>
  /** A whole text as one step: a merge, an older version. */
  replace: (text: string, name: string) => void
  adopt: (facts: EditedFlow) => void
  /** Begins anew with a text and the steps that were kept of it; `lost` names the step to a text that was not kept. */
  restore: (text: string, kept: Kept<State> | null, lost: string) => void
  timeline: Timeline<State>
  /** Waits for edits under way. */
  settled: () => Promise<void>
}

const KEY: InjectionKey<FlowEditor> = Symbol('flow editor')

export function useEditor(): FlowEditor {
  const editor = inject(KEY)
  if (!editor) throw new Error('no flow editor above this component')
  return editor
}

export const provideEditor = (editor: FlowEditor): void => provide(KEY, editor)

/** By line: the server names steps that have no id. */
function stepsByLine(steps: readonly OutlineStep[] | undefined, into = new Map<number, OutlineStep>()): Map<number, OutlineStep> {
  for (const step of steps ?? []) {
    into.set(step.line, step)
    stepsByLine(step.children, into)
  }
  return into
}

export function createEditor(id: string, first: string, options: { file?: string; readonly?: boolean } = {}): FlowEditor {
  const toasts = useToasts()
  const file = ref(options.file ?? '')
  const timeline = new Timeline<State>({ text: first, selection: [] }, MOST_STEPS)
  const text = ref(first)
  const selection = ref<readonly string[]>([])
  const undoName = ref<string | null>(null)
  const redoName = ref<string | null>(null)
  const facts = shallowRef<EditedFlow | null>(null)
  const checking = ref(false)
  const pending = ref(0)
  let line: Promise<unknown> = Promise.resolve()
  let timer = 0
  let asked = 0
  let typedAt = 0
  let typing = 0

  const graph = computed<FlowGraph>((before) => (before?.text === text.value ? before : readGraph(text.value, before)))
  const findings = computed(() => (facts.value?.findings ?? []).map(said))
  const outline = computed(() => stepsByLine([...(facts.value?.outline?.steps ?? []), ...(facts.value?.outline?.finally ?? [])]))
  const factsOf = (node: FlowNode) => (facts.value?.text === graph.value.text ? outline.value.get(node.line) : undefined)
  const byKey = computed(() => {
    const found = new Map<string, Finding[]>()
    for (const finding of findings.value) {
      const key = nodeOf(finding, graph.value)?.key ?? ''
      found.set(key, [...(found.get(key) ?? []), finding])
    }
    return found
  })

  function show(state: State): void {
    text.value = state.text
    selection.value = state.selection
    undoName.value = timeline.undoName
    redoName.value = timeline.redoName
  }

  function adopt(next: EditedFlow): void {
    asked += 1
    checking.value = false
    facts.value = next
  }

  function restore(next: string, kept: Kept<State> | null, lost: string): void {
    timeline.reset({ text: next, selection: [] })
    if (kept) {
      timeline.restore(kept)
      if (kept.now.text !== next) timeline.push(lost, { text: next, selection: [] })
    }
    show({ text: next, selection: [] })
  }

  async function checkNow(): Promise<void> {
    const mine = ++asked
    checking.value = true
    try {
      const answer = await flowEditsApi.edit(text.value, [], file.value)
      if (mine === asked) adopt(answer)
    } catch (problem) {
      if (mine === asked) toasts.error(problem)
    } finally {
      if (mine === asked) checking.value = false
    }
  }

  watch(text, (now) => {
    window.clearTimeout(timer)
    if (facts.value?.text !== now) timer = window.setTimeout(() => void checkNow(), CHECK_MS)
  }, { flush: 'sync' })
  if (first) timer = window.setTimeout(() => void checkNow(), 0)

  async function edit(name: string, plan: Planner, key: string): Promise<boolean> {
    const before = text.value
    if (!graph.value.readable && !options.readonly) toasts.show('warning', t('notReadable'))
    const planned = graph.value.readable ? plan(graph.value) : null
    if (!planned || options.readonly) return false
    try {
      const answer = await flowEditsApi.edit(before, planned.edits, file.value)
      // Somebody typed meanwhile: what they typed stays, and the edit is made on it.
      if (text.value !== before) return await edit(name, plan, key)
      timeline.push(name, { text: answer.text, selection: planned.select ?? [...selection.value] }, key)
      adopt(answer)
      show(timeline.now)
      return true
    } catch (problem) {
      toasts.error(problem)
      return false
    }
  }

  function apply(name: string, plan: Planner, key = ''): Promise<boolean> {
    pending.value += 1
    const done = line.then(() => edit(name, plan, key)).finally(() => (pending.value -= 1))
    line = done
    return done
  }

  function type(next: string, name: string): void {
    if (next === text.value || options.readonly) return
    const now = performance.now()
    if (now - typedAt > TYPING_MS) typing += 1
    typedAt = now
    timeline.push(name, { text: next, selection: [...selection.value] }, `type ${typing}`)
    show(timeline.now)
  }

  const select = (keys: readonly string[]): void => {
    selection.value = keys
    timeline.replace({ ...timeline.now, selection: [...keys] })
  }
  const known = (keys: readonly string[]) => keys.filter((key) => graph.value.nodes.has(key))
  const step = (moved: boolean): void => { if (moved) show(timeline.now) }

  return {
    id, file, readonly: options.readonly ?? false, text, graph, facts, findings, checking, pending, factsOf, select, apply, type, adopt, restore, timeline, undoName, redoName,
    problemsOf: (key) => byKey.value.get(key) ?? [],
    selection: computed(() => known(selection.value)) as Ref<readonly string[]>,
    focused: computed(() => graph.value.nodes.get(selection.value.at(-1) ?? '') ?? null),
    selectLine: (at) => {
      const node = nodeAtLine(graph.value, at)
      if (node && node.key !== selection.value.at(-1)) select([node.key])
    },
    undo: () => void (line = line.then(() => step(timeline.undo()))),
    redo: () => void (line = line.then(() => step(timeline.redo()))),
    replace: (next, name) => { timeline.push(name, { text: next, selection: [] }); show(timeline.now) },
    settled: async () => void (await line),
  }
}
