/** Which blocks the palette offers: those that fit where one would be put in, in groups, found by a few letters. */
import { ranked } from '@/kit/find'
import type { FlowGraph, FlowNode, NodeKind } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'
import { allBlocks, blockName, GROUPS, type Block, type Group } from './blocks'

/** Steps, limits and rules are always there; parts of a rule beside their like, and where there is a rule to put them in. */
const ALWAYS: readonly NodeKind[] = ['step', 'limit', 'rule']
const IN_RULES: readonly NodeKind[] = ['trigger', 'check', 'action']
const PART = { trigger: 'when', check: 'if', action: 'then' } as const

/** The kind a block goes in as, when a place of this kind is at hand; null: it cannot stand there. */
export function kindFor(block: Block, at: NodeKind, hasRules = false): NodeKind | null {
  if (block.kinds.includes(at)) return at
  return [...ALWAYS, ...(hasRules ? IN_RULES : [])].find((kind) => block.kinds.includes(kind)) ?? null
}

export function offered(search: string, at: NodeKind, hasRules = false): { group: Group; blocks: Block[] }[] {
  const fitting = allBlocks().filter((block) => kindFor(block, at, hasRules) !== null)
  const found = ranked(search, fitting, (block) => `${blockName(block)} ${block.verb.replaceAll('_', ' ')} ${block.words.join(' ')}`)
  return GROUPS.map((group) => ({ group, blocks: found.filter((block) => block.group === group) })).filter((one) => one.blocks.length)
}

/** Behind what is focused when the block fits there, else at the end of its own section, or of the rule that is meant. */
export function placeFor(block: Block, here: QuickPlace, focused: FlowNode | null, graph: FlowGraph): QuickPlace | null {
  const kind = kindFor(block, here.kind, graph.rules.length > 0)
  if (!kind) return null
  if (kind === here.kind && (focused || kind === 'step')) return here
  if (kind in PART) return partPlace(kind as keyof typeof PART, focused, graph)
  const section = { limit: 'limits', rule: 'rules' }[kind as string] ?? 'sequence'
  return { kind, slot: { list: [section], index: Number.MAX_SAFE_INTEGER } }
}

/** Of the rule that is focused, or that holds what is; else of the last one. */
function partPlace(kind: keyof typeof PART, focused: FlowNode | null, graph: FlowGraph): QuickPlace | null {
  const rule = graph.rules.find((one) => focused && (one.key === focused.key || focused.key.startsWith(`${one.key}/`))) ?? graph.rules.at(-1)
  return rule ? { kind, slot: { list: [...rule.path, PART[kind]], index: Number.MAX_SAFE_INTEGER } } : null
}
