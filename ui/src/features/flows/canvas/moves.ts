/** Plans of the canvas: several steps to another place, an end that goes on elsewhere. Pure. */
import { freeId, outermost, takenIds, type Edit, type Planner, type Slot } from '../model/edits'
import { isMap, keyOf, placeOf, textOf, valueAt, type FlowGraph, type FlowNode, type Path } from '../model/graph'

const isUnder = (list: Path, path: Path) => list.every((step, place) => path[place] === step)

/** A path once an item of `list` came (`by` 1) or went (-1) at `index`. */
function shifted(path: Path, { list, index }: Slot, by: 1 | -1): Path {
  const step = path[list.length]
  if (!isUnder(list, path) || typeof step !== 'number' || (by < 0 ? step <= index : step < index)) return path
  return [...path.slice(0, list.length), step + by, ...path.slice(list.length + 1)]
}

/** All selected nodes one after the other to a place; it is counted before anything is taken out. */
export function moveAll(keys: readonly string[], to: Slot): Planner {
  return (graph) => {
    const nodes = outermost(graph, keys).filter((node) => placeOf(node))
    if (!nodes.length || nodes.some((node) => isUnder(node.path, to.list))) return null
    const paths = nodes.map((node) => node.path)
    let spot: Path = [...to.list, to.index]
    const edits: Edit[] = []
    const placed: Path[] = []
    paths.forEach((_, number) => {
      const from = paths[number] as Path
      const taken = { list: from.slice(0, -1), index: Number(from.at(-1)) }
      // The place itself is a gap: one before it that goes moves it too, also the one directly at it.
      spot = shifted(spot, taken, -1)
      for (let left = number + 1; left < paths.length; left += 1) paths[left] = shifted(paths[left] as Path, taken, -1)
      placed.forEach((path, done) => (placed[done] = shifted(path, taken, -1)))
      const put = { list: spot.slice(0, -1), index: Number(spot.at(-1)) }
      if (keyOf(from) !== keyOf(spot)) edits.push({ op: 'move', path: from, to: spot })
      for (let left = number + 1; left < paths.length; left += 1) paths[left] = shifted(paths[left] as Path, put, 1)
      placed.push(spot)
      spot = [...put.list, put.index + 1]
    })
    return edits.length ? { edits, select: placed.map(keyOf) } : null
  }
}

/** Whether an end of `from` may go on with `to`: it stands in the same list or in one around it. */
export function mayGo(graph: FlowGraph, from: string, to: string): boolean {
  const [source, target] = [graph.nodes.get(from), graph.nodes.get(to)]
  if (!source || !target || target.kind !== 'step' || source.path[0] !== target.path[0]) return false
  const place = placeOf(target)
  return place !== null && from !== to && isUnder(place.list, source.path) && isMap(target.value)
}

/** The step an end belongs to. */
export const stepOf = (end: FlowNode): string => keyOf(end.path.slice(0, end.path.lastIndexOf('until')))

/** An end goes on with a step, `max` times at most; null: with the next one again. */
export function goTo(endKey: string, targetKey: string | null): Planner {
  return (graph) => {
    const end = graph.nodes.get(endKey)
    if (!end) return null
    if (targetKey === null) return forget(end)
    const target = graph.nodes.get(targetKey)
    if (!target || !mayGo(graph, stepOf(end), targetKey)) return null
    const id = target.id || freeId(target.verb, takenIds(graph, 'step'))
    const named: Edit[] = target.id ? [] : [{ op: 'set', path: [...target.path, 'id'], value: id, at: 0 }]
    const whole = wholeOf(end)
    if (whole) return { edits: [...named, { op: 'set', path: end.path, value: { ...whole, goto: id, max: '1' } }], select: [endKey] }
    const max: Edit[] = valueAt(end.value, ['max']) === undefined ? [{ op: 'set', path: [...end.path, 'max'], value: '1' }] : []
    return { edits: [...named, { op: 'set', path: [...end.path, 'goto'], value: id }, ...max], select: [endKey] }
  }
}

/** The long form of an end that is written short; null when it is long already. */
function wholeOf(end: FlowNode): Record<string, string> | null {
  if (!isMap(end.value)) return { when: textOf(end.value) }
  if ('when' in end.value || 'expr' in end.value) return null
  const [name, when] = Object.entries(end.value)[0] ?? ['', '']
  return { name, when: textOf(when) }
}

function forget(end: FlowNode) {
  if (!isMap(end.value) || !('goto' in end.value)) return null
  const gone = ['goto', 'max'].filter((key) => isMap(end.value) && key in end.value)
  return { edits: gone.map((key): Edit => ({ op: 'remove', path: [...end.path, key] })), select: [end.key] }
}
