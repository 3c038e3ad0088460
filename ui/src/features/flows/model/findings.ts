/** Where a finding stands in a flow: by its path; by its line where the server knows no more. */
import type { Finding } from '@/api/types'
import { isMap, nodeAtLine, nodeAtPath, rootOf, valueAt, type FlowGraph, type FlowNode, type Path, type Plain } from './graph'

/** `sequence.0.until.1.when`, as the server says it. Ids of points hold dots: `set.PSU_01.u_set` stays whole where it is a key. */
export function pathIn(graph: FlowGraph, text: string): Path {
  const steps = text.split('.')
  const path: (string | number)[] = []
  let value: Plain | undefined = rootOf(graph)
  while (steps.length) {
    const took: number = isMap(value) ? longestKey(value, steps) : 1
    const step = steps.splice(0, took).join('.')
    const key: string | number = Array.isArray(value) || (value === undefined && /^\d+$/.test(step)) ? Number(step) : step
    path.push(key)
    value = value === undefined ? undefined : valueAt(value, [key])
  }
  return path
}

function longestKey(map: { [key: string]: Plain }, steps: readonly string[]): number {
  for (let length = Math.min(4, steps.length); length > 1; length -= 1) if (steps.slice(0, length).join('.') in map) return length
  return 1
}

/** The node a finding is about: two ends may share a line, but no path. */
export function nodeOf(finding: Finding, graph: FlowGraph): FlowNode | null {
  const found = finding.path ? nodeAtPath(graph, pathIn(graph, finding.path)) : null
  return found ?? (finding.line ? nodeAtLine(graph, finding.line) : null)
}
