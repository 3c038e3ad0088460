/** Nodes to another place, in their list or in another one. Pure. */
import { outermost, type Edit, type Planner, type Slot } from './edits'
import { keyOf, placeOf, rootOf, valueAt, type Path } from './graph'

/** Whether a path lies in a list or node. */
export const isUnder = (list: Path, path: Path) => list.every((step, place) => path[place] === step)

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
    if (!nodes.length || nodes.some((node) => isUnder(node.path, to.list)) || !Array.isArray(valueAt(rootOf(graph), to.list))) return null
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
