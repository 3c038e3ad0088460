/** What the fields of the panel share: the schema, the names they complete, and how a value gets into the text. */
import { computed, inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import { flowsApi } from '@/api/endpoints'
import type { Finding } from '@/api/types'
import { useLoad } from '@/kit/useLoad'
import type { Edit } from '../model/edits'
import { useEditor, type FlowEditor } from '../model/editor'
import { pathIn } from '../model/findings'
import { keyOf, textOf, valueAt, type FlowGraph, type Path, type Plain } from '../model/graph'
import { provideExpressionsNow } from './expressionNow'
import { tp } from './messages'
import { findField, formOf, type Field, type Form, type Subject } from './forms'
import type { Schema } from './spec'
import { useNamed, type Named } from './useNamed'
import { wordFor } from './words'

/** A thing with a form: a node, or something inside one that is written like one. */
export interface Place {
  kind: Subject['kind']
  path: Path
}

export interface Wiring { source: string | null; sink: string | null }

export interface Panel {
  editor: FlowEditor
  schema: ComputedRef<Schema | null>
  formAt: (place: Place) => Form | null
  /** Writes one field of all these things as one step. */
  write: (places: readonly Place[], field: Field, value: Plain | undefined) => void
  /** Edits made of a field as it is when their turn comes. */
  change: (name: string, place: Place, id: string, edits: (field: Field) => Edit[]) => void
  /** Findings at a place of the text or inside it. */
  problemsIn: (path: Path) => Finding[]
  channel: ComputedRef<string>
  wiring: ComputedRef<Wiring | null>
  /** What may be named, by the kind of the field. */
  named: Named['named']
}

const KEY: InjectionKey<Panel> = Symbol('flow panel')

export function usePanel(): Panel {
  const panel = inject(KEY)
  if (!panel) throw new Error('no panel above this component')
  return panel
}

/** What stands at a place now; null when it is gone. */
export function subjectAt(graph: FlowGraph, place: Place): Subject | null {
  if (place.kind === 'flow') return { kind: 'flow', path: [], value: graph.head, verb: '' }
  const node = graph.nodes.get(keyOf(place.path))
  if (node?.kind === place.kind) return node
  for (let cut = place.path.length - 1; cut > 0; cut -= 1) {
    const outer = graph.nodes.get(keyOf(place.path.slice(0, cut)))
    const value = outer && valueAt(outer.value, place.path.slice(cut))
    if (value !== undefined) return { kind: place.kind, path: place.path, value, verb: '' }
  }
  return null
}

export function providePanel(): Panel {
  const editor = useEditor()
  const { named, channels } = useNamed()
  const schemaLoad = useLoad(() => flowsApi.schema())
  const schema = computed(() => schemaLoad.data.value as Schema | null)
  const channel = computed(() => textOf(editor.graph.value.head.channel))
  const formIn = (graph: FlowGraph, place: Place): Form | null => {
    const subject = schema.value ? subjectAt(graph, place) : null
    return subject && schema.value ? formOf(schema.value, subject, graph.head) : null
  }
  const placed = computed(() => editor.findings.value.map((finding) => ({ finding, key: finding.path ? keyOf(pathIn(editor.graph.value, finding.path)) : '' })))

  const panel: Panel = {
    editor, schema, channel,
    formAt: (place) => formIn(editor.graph.value, place),
    write(places, field, value) {
      const what = wordFor(field.spec.key)
      const name = places.length > 1 ? tp('setMany', { what, n: places.length }) : tp(value === undefined ? 'unset' : 'set', { what })
      const key = `set ${places.map((place) => keyOf(place.path)).join(' ')} ${field.id}`
      void editor.apply(name, (graph) => {
        const edits = places.flatMap((place) => findField(formIn(graph, place)?.fields ?? [], field.id)?.slot.write(value) ?? [])
        return edits.length ? { edits, select: [...editor.selection.value] } : null
      }, key)
    },
    change(name, place, id, edits) {
      void editor.apply(name, (graph) => {
        const field = findField(formIn(graph, place)?.fields ?? [], id)
        const made = field ? edits(field) : []
        return made.length ? { edits: made, select: [...editor.selection.value] } : null
      })
    },
    problemsIn: (path) => {
      const key = keyOf(path)
      return placed.value.filter((one) => one.key === key || one.key.startsWith(`${key}/`)).map((one) => one.finding)
    },
    wiring: computed(() => channels.value.find((one) => one.id === channel.value)?.wiring ?? null),
    named,
  }
  provide(KEY, panel)
  provideExpressionsNow(editor)
  return panel
}
