/** The widget that is being made: its bindings by slot, and what is still missing. */
import { boundTo, type Binding, type Slot, type Widget } from '@/widgets/contract'
import type { Content } from '../usePages'

/** The draft with other sources in a slot; a slot of many numbers them. */
export function withSources(draft: Content, slot: Slot, sources: string[]): Content {
  const rest = Object.entries(draft.bindings).filter(([name]) => !(name === slot.name || (slot.many && name.startsWith(slot.name) && /^\d+$/.test(name.slice(slot.name.length)))))
  const made = sources.map((source, place): [string, Binding] => [slot.many ? `${slot.name}${place + 1}` : slot.name, { source, type: slot.type }])
  return { ...draft, bindings: Object.fromEntries([...rest, ...made]) }
}

export function sourcesOf(draft: Content, slot: Slot): string[] {
  if (!slot.many) return draft.bindings[slot.name]?.source ? [draft.bindings[slot.name]?.source ?? ''] : []
  return boundTo({ ...draft, id: '', layout: { x: 0, y: 0, w: 1, h: 1 } } as Widget, slot.name).map((binding) => binding.source)
}

/** The first slot that must be filled and is not. */
export function missingSlot(draft: Content, slots: Slot[]): Slot | null {
  return slots.find((slot) => !slot.optional && !sourcesOf(draft, slot).length) ?? null
}
