/** What every card of the canvas needs: the editor, how a node is chosen, what is spoken aloud. */
import { computed, inject, provide, shallowRef, type ComputedRef, type InjectionKey, type ShallowRef } from 'vue'
import type { FlowEditor } from '../model/editor'
import type { NodeKind } from '../model/graph'
import type { Commands, QuickPlace } from '../model/useCommands'
import { selected } from './walk'

export interface Canvas {
  editor: FlowEditor
  commands: Commands
  isSelected: (key: string) => boolean
  /** The one that has the focus of the keyboard; the first card when nothing is chosen. */
  tabKey: ComputedRef<string>
  choose: (key: string, event?: MouseEvent) => void
  say: (text: string) => void
  /** What is on its way from the palette may stand as, and where on a card it would go now. */
  coming: ShallowRef<readonly NodeKind[]>
  zone: ShallowRef<QuickPlace | null>
}

const KEY: InjectionKey<Canvas> = Symbol('canvas')

export function useCanvas(): Canvas {
  const canvas = inject(KEY)
  if (!canvas) throw new Error('no canvas above this component')
  return canvas
}

export function provideCanvas(editor: FlowEditor, commands: Commands, say: Canvas['say']): Canvas {
  const chosen = computed(() => new Set(editor.selection.value))
  const first = computed(() => editor.graph.value.sequence[0]?.key ?? editor.graph.value.rules[0]?.key ?? editor.graph.value.limits[0]?.key ?? '')
  const canvas: Canvas = {
    editor, commands, say, coming: shallowRef([]), zone: shallowRef(null),
    isSelected: (key) => chosen.value.has(key),
    tabKey: computed(() => editor.focused.value?.key ?? first.value),
    choose: (key, event) => editor.select(selected(editor.graph.value, editor.selection.value, key, { ctrl: Boolean(event?.ctrlKey || event?.metaKey), shift: Boolean(event?.shiftKey) })),
  }
  provide(KEY, canvas)
  return canvas
}
