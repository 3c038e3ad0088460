/** Nodes to another place, in their list or in another one. Pure. */
import { insert, outermost, type Edit, type Planner, type Slot } from './edits'
import { keyOf, placeOf, rootOf, valueAt, type FlowGraph, type Path } from './graph'

/** Whether a path lies in a list or node. */
export const isUnder = (list: Path, path: Path) => list.every((step, place) => path[place] === step)

/** A path once an item of `list` came (`by` 1) or went (-1) at `index`. */
function shifted(path: Path, { list, index }: Slot, by: 1 | -1): Path {
  const step = path[list.length]
  if (!isUnder(list, path) || typeof step !== 'number' || (by < 0 ? step <= index : step < index)) return path
  return [...path.slice(0, list.length), step + by, ...path.slice(list.length + 1)]
}

interface Moved {
  edits: Edit[]
  /** Where they stand afterwards. */
  placed: Path[]
  /** What follows them there. */
  behind: Path
}

/** One after the other to a place; it is counted before anything is taken out. */
function moves(from: readonly Path[], to: Slot): Moved {
  const paths = [...from]
  let spot: Path = [...to.list, to.index]
  const edits: Edit[] = []
  const placed: Path[] = []
  paths.forEach((_, number) => {
    const at = paths[number] as Path
    const taken = { list: at.slice(0, -1), index: Number(at.at(-1)) }
    // The place itself is a gap: one before it that goes moves it too, also the one directly at it.
    spot = shifted(spot, taken, -1)
    for (let left = number + 1; left < paths.length; left += 1) paths[left] = shifted(paths[left] as Path, taken, -1)
    placed.forEach((path, done) => (placed[done] = shifted(path, taken, -1)))
    const put = { list: spot.slice(0, -1), index: Number(spot.at(-1)) }
    if (keyOf(at) !== keyOf(spot)) edits.push({ op: 'move', path: at, to: spot })
    for (let left = number + 1; left < paths.length; left += 1) paths[left] = shifted(paths[left] as Path, put, 1)
    placed.push(spot)
    spot = [...put.list, put.index + 1]
  })
  return { edits, placed, behind: spot }
}

const movable = (graph: FlowGraph, keys: readonly string[], list: Path) => {
  const nodes = outermost(graph, keys).filter((node) => placeOf(node))
  return nodes.some((node) => isUnder(node.path, list)) ? [] : nodes.map((node) => node.path)
}

/** All selected nodes to a place in a list. */
export function moveAll(keys: readonly string[], to: Slot): Planner {
  return (graph) => {
    const paths = movable(graph, keys, to.list)
    if (!paths.length || !Array.isArray(valueAt(rootOf(graph), to.list))) return null
    const { edits, placed } = moves(paths, to)
    return edits.length ? { edits, select: placed.map(keyOf) } : null
  }
}

/** All selected nodes into a list that comes into being with them: `else`, `finally`, another branch. */
export function moveInto(keys: readonly string[], list: Path): Planner {
  return (graph) => {
    const paths = movable(graph, keys, list)
    if (!paths.length || valueAt(rootOf(graph), list) !== undefined && list.length > 1) return null
    // It is born with a step, so that it is written line by line; that step leaves at the end.
    const born = insert({ list: list.slice(0, -1), index: Number(list.at(-1)) }, [[{ label: 'here' }]])
    const edits = typeof list.at(-1) === 'number' ? born(graph)?.edits : insert({ list, index: 0 }, [{ label: 'here' }])(graph)?.edits
    const moved = moves(paths, { list, index: 0 })
    return edits ? { edits: [...edits, ...moved.edits, { op: 'remove', path: moved.behind }], select: moved.placed.map(keyOf) } : null
  }
}
