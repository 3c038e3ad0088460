/** Dashed lines: where an end or a goto leads, and which steps a rule speaks of. Pure. */
import { isMap, textOf, walk, type FlowGraph, type FlowNode, type Plain } from '../model/graph'
import { endWords } from './wording'

export interface Link {
  id: string
  from: string
  /** Handle of the end; empty: the step or rule itself. */
  port: string
  to: string
  of: 'goto' | 'rule'
}

const listOf = (value: Plain | undefined): string[] => (Array.isArray(value) ? value.map(textOf) : [textOf(value)]).filter(Boolean)

/** Ids of steps a rule names: its `during`, and triggers that hear of one step. */
export function stepsNamed(rule: FlowNode): string[] {
  const during = isMap(rule.value) ? listOf(rule.value.during) : []
  const heard = rule.parts.filter((part) => part.name === 'when').flatMap((part) => part.nodes).flatMap((node) => (isMap(node.value) ? [...listOf(node.value.step), ...(isMap(node.value.run) ? listOf(node.value.run.step) : [])] : []))
  return [...new Set([...during, ...heard])]
}

function gotoOf(node: FlowNode): string {
  if (!isMap(node.value) || node.verb !== 'goto') return ''
  const to = node.value.goto
  return textOf(to) || (isMap(to) ? textOf(to.step) || textOf(to.to) || textOf(to.label) : '')
}

export function linksOf(graph: FlowGraph): Link[] {
  const steps = [...walk([...graph.sequence, ...graph.closing])].filter((node) => node.kind === 'step')
  const byId = new Map<string, string>()
  for (const node of steps) {
    if (node.id) byId.set(node.id, node.key)
    if (node.verb === 'label' && isMap(node.value)) byId.set(textOf(node.value.label), node.key)
  }
  const links: Link[] = []
  const add = (from: string, port: string, id: string, of: Link['of']) => {
    const to = byId.get(id)
    if (to && to !== from) links.push({ id: `${port || from}>${to}`, from, port, to, of })
  }
  for (const node of steps) {
    for (const end of node.ends) add(node.key, end.key, endWords(end.value).goto, 'goto')
    add(node.key, '', gotoOf(node), 'goto')
  }
  for (const rule of graph.rules) for (const id of stepsNamed(rule)) add(rule.key, '', id, 'rule')
  return links
}
