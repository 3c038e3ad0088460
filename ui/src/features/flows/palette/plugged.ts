/** Blocks for verbs that only the schema knows: those of plugins. Pure. */
import type { NodeKind, Plain } from '../model/graph'
import { verbsOf } from '../panel/forms'
import type { Schema } from '../panel/spec'
import { BLOCKS, type Block, type Group } from './blocks'

const GROUP: Partial<Record<NodeKind, Group>> = { trigger: 'trigger', check: 'check' }

/** A verb stands alone; its form shows what is missing. */
export function plugged(schema: Schema): Block[] {
  const found = new Map<string, { group: Group; kinds: NodeKind[]; value: Plain }>()
  for (const kind of ['step', 'action', 'trigger', 'check'] as const) {
    const own = new Set(BLOCKS.filter((block) => block.kinds.includes(kind)).map((block) => block.verb))
    for (const { verb } of verbsOf(schema, kind)) {
      if (own.has(verb)) continue
      const group = GROUP[kind] ?? 'control'
      const block = found.get(`${group} ${verb}`) ?? { group, kinds: [], value: { [verb]: null } }
      block.kinds.push(kind)
      found.set(`${group} ${verb}`, block)
    }
  }
  return [...found].map(([name, block]) => ({ ...block, verb: name.slice(block.group.length + 1), words: [] }))
}
