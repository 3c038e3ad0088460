/** What else a half-typed phrase may become: blocks by name, and the ways to use a comparison. */
import { ranked } from '@/kit/find'
import type { NodeKind, Plain } from '../model/graph'
import { blockName, blocksFor, type Block } from '../palette/blocks'
import { verbName } from '../sentences/look'
import { sentence } from '../sentences/sentences'
import { isCondition } from './conditions'
import { parse, phrases } from './parse'

export interface Match {
  /** What the last phrase becomes. */
  text: string
  verb: string
  name: string
  sentence: string
}

const MOST = 9
const WAYS: Partial<Record<NodeKind, readonly string[]>> = { step: ['rule', 'limit', 'wf', 'if'], action: ['wf', 'if'] }

const textOf = (block: Block) => `${block.verb} ${blockName(block)} ${block.words.join(' ')}`

function usable(text: string, kind: NodeKind): { kind: NodeKind; value: Plain } | null {
  const { pieces, problem } = parse(text, kind)
  const [first] = pieces
  return !problem && first && 'value' in first ? first : null
}

/** `text`: all that is typed; only its last phrase is completed. */
export function matchesOf(text: string, kind: NodeKind): Match[] {
  const typed = /[,;]\s*$/.test(text) ? '' : (phrases(text).at(-1) ?? '')
  if (isCondition(typed)) {
    const bare = typed.replace(/^(rule|limit|trip|wf|wait_for|if)\s+/i, '')
    return (WAYS[kind] ?? []).flatMap((way) => {
      const found = usable(`${way} ${bare}`, kind)
      const verb = { wf: 'wait_for' }[way] ?? way
      return found ? [{ text: `${way} ${bare}`, verb, name: verbName(verb), sentence: sentence(found.kind, found.value) }] : []
    })
  }
  const word = typed.split(/\s+/)[0] ?? ''
  if (typed.includes(' ') && usable(typed, kind)) return []
  return ranked(word.replaceAll('_', ' '), blocksFor(kind), (block) => textOf(block).replaceAll('_', ' ')).slice(0, MOST).map((block) => ({ text: block.verb, verb: block.verb, name: blockName(block), sentence: sentence(kind, block.value) }))
}

/** The text with its last phrase replaced. */
export function completed(text: string, by: string): string {
  const typed = phrases(text).at(-1) ?? ''
  const open = /[,;]\s*$/.test(text) || !typed
  const head = open ? text.trimEnd() : text.slice(0, text.lastIndexOf(typed))
  return `${head}${head && !head.endsWith(' ') ? ' ' : ''}${by}`
}

