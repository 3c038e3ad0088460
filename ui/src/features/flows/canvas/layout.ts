/**
 * Where everything stands on the canvas: pure, the same for the same flow on every screen.
 *
 * The spine runs from top to bottom in the order of the text. A list is a column; a box is a frame around its head and
 * the columns of its lists. Heights follow from what is written, so nothing moves once it is painted. Only rule cards
 * may stand where a person has put them (`x-layout`, counted from where the rules begin).
 */
import { textOf, isMap, type FlowGraph, type FlowNode, type NodeKind, type Part, type Path } from '../model/graph'
import { ruleHeight, RULE_W } from './ruleRows'

export const CARD_W = 348
export const END_H = 24
const HEAD_H = 24
const LINE_H = 18
const PAD = 8
const GAP = 36
const FRAME = 14
const LABEL_H = 22
const EMPTY_H = 40
const BETWEEN = 24
const LANE_GAP = 88
const RULE_GAP = 28
/** Width of a letter of a sentence on the average, and most lines of one. */
const LETTER_W = 6.7
const MOST_LINES = 3
const TEXT_W = CARD_W - 58

export interface Card {
  key: string
  kind: 'step' | 'box' | 'rule'
  node: FlowNode
  sentence: string
  lines: number
  w: number
  h: number
}
export interface Placed { card: Card; x: number; y: number }
export interface Frame { key: string; tone: string; x: number; y: number; w: number; h: number }
export interface Label { text: string; x: number; y: number; w: number; of: 'part' | 'branch' | 'section' }
/** A place between two nodes; `x`, `y` is its middle. `is`: what kind of place. */
export interface Spot { list: Path; index: number; kind: NodeKind; x: number; y: number; is: 'between' | 'empty' | 'more' | 'missing'; label: string }
export interface Line { x: number; y1: number; y2: number }
export interface Scene {
  cards: Placed[]
  frames: Frame[]
  labels: Label[]
  spots: Spot[]
  lines: Line[]
  /** Where the two lanes begin and how wide they are. */
  lanes: { sequence: number; rules: number; width: number; rulesWidth: number }
  height: number
}

type Words = (node: FlowNode) => string
/** Something that knows its size and draws itself around `cx` from `y` on. */
interface Block { w: number; h: number; put: (scene: Scene, cx: number, y: number) => void }

const HOLDS = new Set(['repeat', 'loop', 'if', 'parallel'])
export const isBox = (node: FlowNode): boolean => node.parts.length > 0 || HOLDS.has(node.verb)
const linesOf = (text: string) => Math.max(text ? 1 : 0, Math.min(MOST_LINES, Math.ceil((text.length * LETTER_W) / TEXT_W)))

const known = new WeakMap<FlowNode, Card>()

/** The same object as long as nothing in it has changed, so that its component is not rendered again. */
export function cardOf(node: FlowNode, words: Words): Card {
  const sentence = words(node)
  const before = known.get(node)
  if (before?.sentence === sentence) return before
  const kind = node.kind === 'rule' ? 'rule' : isBox(node) ? 'box' : 'step'
  const lines = linesOf(sentence)
  const text = node.title ? HEAD_H + lines * LINE_H : Math.max(HEAD_H, lines * LINE_H)
  const size = kind === 'rule' ? { w: RULE_W, h: ruleHeight(node) } : { w: CARD_W, h: PAD * 2 + text + (node.ends.length ? node.ends.length * END_H + 4 : 0) }
  const card: Card = { key: node.key, kind, node, sentence, lines, ...size }
  known.set(node, card)
  return card
}

/** A list from top to bottom with a place before, between and behind its nodes. */
function column(nodes: readonly FlowNode[], list: Path, words: Words, isList = true): Block {
  const blocks = nodes.map((node) => blockOf(node, words))
  const spot = (index: number, x: number, y: number, is: Spot['is'] = 'between'): Spot => ({ list, index, kind: 'step', x, y, is, label: '' })
  if (!blocks.length) return { w: CARD_W, h: EMPTY_H + GAP, put: (scene, cx, y) => void scene.spots.push(spot(0, cx, y + (EMPTY_H + GAP) / 2, 'empty')) }
  return {
    w: Math.max(...blocks.map((block) => block.w)),
    h: blocks.reduce((sum, block) => sum + block.h, 0) + GAP * (blocks.length + 1),
    put(scene, cx, y) {
      let at = y
      blocks.forEach((block, index) => {
        scene.lines.push({ x: cx, y1: at, y2: at + GAP })
        if (isList || index > 0) scene.spots.push(spot(index, cx, at + GAP / 2))
        block.put(scene, cx, at + GAP)
        at += GAP + block.h
      })
      scene.lines.push({ x: cx, y1: at, y2: at + GAP / 2 })
      scene.spots.push(spot(blocks.length, cx, at + GAP / 2))
    },
  }
}

function blockOf(node: FlowNode, words: Words): Block {
  const card = cardOf(node, words)
  if (card.kind !== 'box') return { w: card.w, h: card.h, put: (scene, cx, y) => void scene.cards.push({ card, x: cx - card.w / 2, y }) }
  return boxOf(node, card, words)
}

const labelOf = (node: FlowNode, part: Part): Label['text'] => (part.name === 'do' ? '' : node.verb === 'parallel' ? part.name : part.name)

/** Places that a box has beside its lists: another way, another branch. */
function morePlaces(node: FlowNode): Pick<Spot, 'list' | 'index' | 'is' | 'label'>[] {
  const last = node.parts.at(-1)
  if (node.verb === 'parallel' && last) return [{ list: last.path.slice(0, -1), index: node.parts.length, is: 'more', label: 'branch' }]
  if (node.verb === 'if' && last && !node.parts.some((part) => part.name === 'else')) return [{ list: [...last.path.slice(0, -1), 'else'], index: 0, is: 'missing', label: 'else' }]
  return []
}

/** The lists of a box; one that has none yet shows where its first step belongs. */
function columnsOf(node: FlowNode, words: Words): { text: string; branch: boolean; block: Block }[] {
  const found = node.parts.map((part) => ({ text: labelOf(node, part), branch: node.verb === 'parallel', block: column(part.nodes, part.path, words, part.isList) }))
  if (found.length) return found
  const name = node.verb === 'if' ? 'then' : 'do'
  return node.verb === 'parallel' ? [] : [{ text: name === 'do' ? '' : name, branch: false, block: column([], [...node.path, name], words) }]
}

function boxOf(node: FlowNode, card: Card, words: Words): Block {
  const columns = columnsOf(node, words)
  const more = morePlaces(node)
  const inner = columns.reduce((sum, one) => sum + one.block.w, 0) + BETWEEN * Math.max(0, columns.length - 1)
  const label = columns.some((one) => one.text) ? LABEL_H : 0
  const tall = Math.max(0, ...columns.map((one) => one.block.h))
  const w = Math.max(inner, card.w) + 2 * FRAME
  const h = card.h + label + tall + (more.length ? 34 : 6)
  return {
    w, h,
    put(scene, cx, y) {
      scene.frames.push({ key: node.key, tone: node.verb, x: cx - w / 2, y, w, h })
      scene.cards.push({ card, x: cx - card.w / 2, y })
      let left = cx - inner / 2
      for (const one of columns) {
        const middle = left + one.block.w / 2
        if (one.text) scene.labels.push({ text: one.text, x: left, y: y + card.h, w: one.block.w, of: one.branch ? 'branch' : 'part' })
        one.block.put(scene, middle, y + card.h + label)
        left += one.block.w + BETWEEN
      }
      for (const place of more) scene.spots.push({ ...place, kind: 'step', x: cx, y: y + h - 18 })
    },
  }
}

function putClosing(scene: Scene, graph: FlowGraph, words: Words, cx: number, y: number): number {
  const block = column(graph.closing, ['finally'], words)
  if (!graph.closing.length) {
    scene.spots.push({ list: ['finally'], index: 0, kind: 'step', x: cx, y: y + 20, is: 'missing', label: 'finally' })
    return y + 40
  }
  const w = block.w + 2 * FRAME
  scene.frames.push({ key: 'finally', tone: 'finally', x: cx - w / 2, y, w, h: block.h + LABEL_H + 4 })
  scene.labels.push({ text: 'finally', x: cx - w / 2, y: y + 2, w, of: 'section' })
  block.put(scene, cx, y + LABEL_H)
  return y + block.h + LABEL_H + 4
}

function putRules(scene: Scene, graph: FlowGraph, words: Words): number {
  const left = scene.lanes.rules
  scene.labels.push({ text: 'rules', x: left, y: 0, w: RULE_W, of: 'section' })
  let y = LABEL_H + 14
  for (const node of graph.rules) {
    const card = cardOf(node, words)
    const by = node.id ? graph.layout[node.id] : undefined
    scene.cards.push({ card, x: left + (by?.[0] ?? 0), y: by?.[1] ?? y })
    y += card.h + RULE_GAP
  }
  scene.spots.push({ list: ['rules'], index: graph.rules.length, kind: 'rule', x: left + RULE_W / 2, y: y + EMPTY_H / 2, is: graph.rules.length ? 'missing' : 'empty', label: 'rule' })
  return y + EMPTY_H
}

export function layOut(graph: FlowGraph, words: Words): Scene {
  const spine = column(graph.sequence, ['sequence'], words)
  const closing = column(graph.closing, ['finally'], words)
  const width = Math.max(spine.w, closing.w + (graph.closing.length ? 2 * FRAME : 0))
  const scene: Scene = { cards: [], frames: [], labels: [], spots: [], lines: [], lanes: { sequence: 0, rules: width + LANE_GAP, width, rulesWidth: RULE_W }, height: 0 }
  const cx = width / 2
  scene.labels.push({ text: 'sequence', x: cx - CARD_W / 2, y: 0, w: CARD_W, of: 'section' })
  spine.put(scene, cx, LABEL_H)
  const bottom = putClosing(scene, graph, words, cx, LABEL_H + spine.h + 12)
  scene.height = Math.max(bottom, putRules(scene, graph, words))
  return scene
}

/** Where a rule card is kept: from where the rules begin, on a grid of ten. */
export const ruleAt = (scene: Scene, x: number, y: number): [number, number] => [Math.round((x - scene.lanes.rules) / 10) * 10, Math.round(y / 10) * 10]

/** The place nearest to a point that takes this kind and lies in reach. */
export function spotAt(scene: Scene, x: number, y: number, fits: (spot: Spot) => boolean, reach = 90): Spot | null {
  let best: Spot | null = null
  let least = Infinity
  for (const spot of scene.spots) {
    if (!fits(spot)) continue
    const far = Math.abs(spot.y - y) + Math.max(0, Math.abs(spot.x - x) - CARD_W / 2)
    if (far < least) [best, least] = [spot, far]
  }
  return least <= reach ? best : null
}

export const idOf = (node: FlowNode): string => node.id || (isMap(node.value) ? textOf(node.value.id) : '')
