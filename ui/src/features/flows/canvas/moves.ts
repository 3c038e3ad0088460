/** Plans of the canvas: an end that goes on elsewhere. */
import { freeId, takenIds, type Edit, type Planner } from '../model/edits'
import type { FlowEditor } from '../model/editor'
import { isUnder } from '../model/moves'
import { isMap, keyOf, placeOf, textOf, valueAt, type FlowGraph, type FlowNode } from '../model/graph'
import { t } from './messages'

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

/** Whether an end goes on elsewhere than with the next step. */
export const jumps = (end: FlowNode | undefined): boolean => end?.kind === 'end' && isMap(end.value) && 'goto' in end.value

/** An end goes on with the next step again. */
export const unlink = (editor: FlowEditor, endKey: string): Promise<boolean> => editor.apply(t('stepNext'), goTo(endKey, null))
