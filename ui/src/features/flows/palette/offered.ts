/** Which blocks the palette offers: those that fit where one would be put in, in groups, found by a few letters. */
import { ranked } from '@/kit/find'
import type { FlowNode, NodeKind } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'
import { verbName } from '../sentences/look'
import { BLOCKS, GROUPS, type Block, type Group } from './blocks'

/** Steps, limits and rules are always there; parts of a rule only beside their like. */
const ALWAYS: readonly NodeKind[] = ['step', 'limit', 'rule']

/** The kind a block goes in as, when a place of this kind is at hand; null: it cannot stand there. */
export function kindFor(block: Block, at: NodeKind): NodeKind | null {
  if (block.kinds.includes(at)) return at
  return ALWAYS.find((kind) => block.kinds.includes(kind)) ?? null
}

export function offered(search: string, at: NodeKind): { group: Group; blocks: Block[] }[] {
  const fitting = BLOCKS.filter((block) => kindFor(block, at) !== null)
  const found = ranked(search, fitting, (block) => `${verbName(block.verb)} ${block.verb.replaceAll('_', ' ')} ${block.words.join(' ')}`)
  return GROUPS.map((group) => ({ group, blocks: found.filter((block) => block.group === group) })).filter((one) => one.blocks.length)
}

/** Behind what is focused when the block fits there, else at the end of its own section. */
export function placeFor(block: Block, here: QuickPlace, focused: FlowNode | null): QuickPlace | null {
  const kind = kindFor(block, here.kind)
  if (!kind) return null
  if (kind === here.kind && (focused || kind === 'step')) return here
  const section = { limit: 'limits', rule: 'rules' }[kind as string] ?? 'sequence'
  return { kind, slot: { list: [section], index: Number.MAX_SAFE_INTEGER } }
}
