/**
 * A place in the text that a form writes to, whether it is there already or not.
 *
 * A slot knows what stands in it and which edits put something else there. Short forms (`rest: 30 min`) stay as they
 * are written and are only opened when a second value needs room.
 */
import type { Edit } from '../model/edits'
import { isMap, type Path, type Plain, type PlainMap } from '../model/graph'

export interface Slot {
  /** Where it stands, or would. */
  path: Path
  value: Plain | undefined
  /** `undefined` takes it out. */
  write: (value: Plain | undefined) => Edit[]
}

/** How keys of a map are ordered by a careful person; those not named come last. */
export type Order = readonly string[]

/** A slot with a path of its own; `at` is the place of a key that is not there yet. */
export function direct(path: Path, value: Plain | undefined, at?: number): Slot {
  const set = (next: Plain): Edit => ({ op: 'set', path, value: next, ...(value === undefined && at !== undefined ? { at } : {}) })
  return { path, value, write: (next) => (next === undefined ? (value === undefined ? [] : [{ op: 'remove', path }]) : [set(next)]) }
}

/** The place of a new key in a map, so that the order stays; undefined: the end. */
export function placeIn(map: PlainMap, key: string, order: Order): number | undefined {
  const rank = order.indexOf(key)
  if (rank < 0) return undefined
  const behind = Object.keys(map).findIndex((other) => order.indexOf(other) > rank || order.indexOf(other) < 0)
  return behind < 0 ? undefined : behind
}

/** A key inside the map of a slot; the map comes into being with it and goes with its last key. `end`: where a new last key stands. */
export function child(parent: Slot, key: string, order: Order = [], end?: number): Slot {
  const { value: map } = parent
  const path = [...parent.path, key]
  if (!isMap(map)) return { path, value: undefined, write: (next) => (next === undefined ? [] : parent.write({ [key]: next })) }
  const inner = direct(path, map[key], placeIn(map, key, order) ?? end)
  const isLast = Object.keys(map).length === 1 && key in map
  return { ...inner, write: (next) => (next === undefined && isLast ? parent.write(undefined) : inner.write(next)) }
}

/** A key of a map that is now written short: the first value brings the short one along under its own key. */
export function beside(parent: Slot, key: string, short: PlainMap): Slot {
  return { path: [...parent.path, key], value: undefined, write: (next) => (next === undefined ? [] : parent.write({ ...short, [key]: next })) }
}

/** An item of a list; `undefined` takes it out, the last one takes the list along. */
export function item(parent: Slot, index: number): Slot {
  const list = Array.isArray(parent.value) ? parent.value : []
  const inner = direct([...parent.path, index], list[index])
  return { ...inner, write: (next) => (next === undefined && list.length === 1 ? parent.write(undefined) : inner.write(next)) }
}
