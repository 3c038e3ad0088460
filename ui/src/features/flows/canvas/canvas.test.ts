import { describe, expect, it } from 'vitest'
import { keyOf, kindOf, type PlainMap } from '../model/graph'
import { readGraph } from '../model/read'
import type { Edit } from '../model/edits'
import { moveAll } from '../model/moves'
import { layOut, ruleAt, spotAt } from './layout'
import { bendOf, linksOf, pathOf } from './links'
import { goTo, mayGo } from './moves'
import { firstLook } from './viewport'
import { next, selected, spineOf } from './walk'
import { endWords, wordsOf } from './wording'

const TEXT = `id: a
limits:
  - {id: hot, trip: temp > 45 °C}
sequence:
  - id: charge
    charge: {current: 1 A, voltage: 4.2 V}
    until:
      - {name: part, when: voltage > 4 V, goto: relax, max: 2}
      - step.time > 2 h
  - id: relax
    rest: 5 min
  - repeat: 3
    do:
      - id: empty
        discharge: {current: 1 A}
        until: {time: step.time > 1 h}
      - {id: cool, rest: 1 min}
  - if: voltage > 3 V
    then:
      - marker: Full
  - parallel:
      - {id: one, rest: 1 min}
      - - {id: two, wait: 1 min}
rules:
  - id: full
    when: {run: step_ended, step: charge}
    then:
      - marker: Full
      - if: current > 1 A
        then:
          - log: on
  - id: hot
    during: [charge, cool]
    when: [temp > 40 °C, voltage > 4 V]
    if: power > 1 W
    then:
      - panic
x-layout:
  hot: [40, 300]
`
const graph = readGraph(TEXT)
const scene = layOut(graph, wordsOf)
const at = (key: string) => {
  const found = scene.cards.find((one) => one.card.key === key)
  if (!found) throw new Error(`no card ${key}`)
  return found
}

describe('the layout', () => {
  it('keeps the order of the list from top to bottom, and no two cards on one another', () => {
    const steps = scene.cards.filter((one) => one.card.kind !== 'rule')
    for (const [place, one] of steps.entries()) {
      for (const other of steps.slice(place + 1)) {
        const apart = one.x + one.card.w <= other.x || other.x + other.card.w <= one.x || one.y + one.card.h <= other.y || other.y + other.card.h <= one.y
        expect(apart, `${one.card.key} and ${other.card.key}`).toBe(true)
      }
    }
    expect(at('sequence/0').y).toBeLessThan(at('sequence/1').y)
    expect(at('sequence/2').y).toBeLessThan(at('sequence/2/do/0').y)
  })
  it('puts what a box holds inside its frame', () => {
    const frame = scene.frames.find((one) => one.key === 'sequence/2')
    const inner = at('sequence/2/do/1')
    expect(frame && inner.x > frame.x && inner.y > frame.y && inner.x + inner.card.w < frame.x + frame.w && inner.y + inner.card.h < frame.y + frame.h).toBe(true)
  })
  it('has a place before, between and behind all steps of a list', () => {
    const places = scene.spots.filter((spot) => keyOf(spot.list) === 'sequence/2/do')
    expect(places.map((spot) => spot.index)).toEqual([0, 1, 2])
  })
  it('offers another branch, a missing else, a missing end and the next rule', () => {
    expect(scene.spots.filter((spot) => spot.label).map((spot) => [spot.label, keyOf(spot.list), spot.index])).toEqual([['else', 'sequence/3/else', 0], ['branch', 'sequence/4/parallel', 2], ['finally', 'finally', 0], ['rule', 'rules', 2]])
  })
  it('draws branches beside each other', () => expect(at('sequence/4/parallel/0').y).toBe(at('sequence/4/parallel/1/0').y))
  it('leaves a card where a person has put it, and the others where they were', () => {
    const without = layOut(readGraph(TEXT.replace(/x-layout:[\s\S]*/, '')), wordsOf)
    expect([at('rules/1').x - scene.lanes.rules, at('rules/1').y]).toEqual([40, 300])
    expect(without.cards.find((one) => one.card.key === 'rules/0')?.y).toBe(at('rules/0').y)
    expect(ruleAt(scene, at('rules/1').x + 13, 304)).toEqual([50, 300])
  })
  it('is the same for the same text', () => expect(layOut(readGraph(TEXT), wordsOf).spots).toEqual(scene.spots))
  it('gives an empty flow a first place for a step and a rule', () => {
    const empty = layOut(readGraph('id: a\n'), wordsOf)
    expect(empty.spots.filter((spot) => spot.is === 'empty').map((spot) => keyOf(spot.list))).toEqual(['sequence', 'rules'])
  })
  it('finds the place under the pointer', () => {
    const relax = at('sequence/1')
    const found = spotAt(scene, relax.x + 100, relax.y - 12, () => true)
    expect([keyOf(found?.list ?? []), found?.index]).toEqual(['sequence', 1])
    expect(spotAt(scene, -5000, 0, () => true)).toBeNull()
  })
})

/** What the server's patcher would make of moves, on plain lists. */
function moved(text: string, edits: readonly Edit[]): unknown {
  const tree: Record<string, unknown> = JSON.parse(text)
  const list = (path: readonly (string | number)[]) => path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], tree) as unknown[]
  for (const { path = [], to = [] } of edits) {
    const [item] = list(path.slice(0, -1)).splice(Number(path.at(-1)), 1)
    list(to.slice(0, -1)).splice(Number(to.at(-1)), 0, item)
  }
  return tree
}

describe('moving several steps', () => {
  const steps = (list: unknown): string => (list as Record<string, unknown>[]).map((one) => (one.repeat ? `[${steps(one.do)}]` : String(one.id))).join(' ')
  const json = JSON.stringify({ sequence: [{ id: 'a', rest: '1' }, { id: 'b', rest: '1' }, { id: 'x', repeat: '2', do: [{ id: 'c', rest: '1' }, { id: 'd', rest: '1' }] }, { id: 'e', rest: '1' }] })
  const small = readGraph(json)
  it.each([
    [['sequence/0', 'sequence/1'], ['sequence'], 4, '[c d] e a b'],
    [['sequence/0', 'sequence/3'], ['sequence', 2, 'do'], 1, 'b [c a e d]'],
    [['sequence/2/do/0', 'sequence/2/do/1'], ['sequence'], 0, 'c d a b [] e'],
    [['sequence/2/do/1', 'sequence/3'], ['sequence'], 1, 'a d e b [c]'],
    [['sequence/1', 'sequence/3'], ['sequence'], 2, 'a b e [c d]'],
  ])('%s to %s %s', (keys, list, index, expected) => {
    const plan = moveAll(keys, { list, index })(small)
    expect(steps((moved(json, plan?.edits ?? []) as { sequence: unknown }).sequence)).toBe(expected)
  })
  it('does not put a box into itself', () => expect(moveAll(['sequence/2'], { list: ['sequence', 2, 'do'], index: 0 })(small)).toBeNull())
})

describe('ends that go on elsewhere', () => {
  it.each([['sequence/0', 'sequence/1', true], ['sequence/2/do/0', 'sequence/1', true], ['sequence/0', 'sequence/2/do/1', false], ['sequence/0', 'sequence/0', false]])('%s to %s: %s', (from, to, may) => expect(mayGo(graph, from, to)).toBe(may))
  it('writes the step and how often', () => expect(goTo('sequence/0/until/1', 'sequence/1')(graph)?.edits).toEqual([{ op: 'set', path: ['sequence', 0, 'until', 1], value: { when: 'step.time > 2 h', goto: 'relax', max: '1' } }]))
  it('keeps the name of a short end', () => expect(goTo('sequence/2/do/0/until', 'sequence/1')(graph)?.edits).toEqual([{ op: 'set', path: ['sequence', 2, 'do', 0, 'until'], value: { name: 'time', when: 'step.time > 1 h', goto: 'relax', max: '1' } }]))
  it('gives a step without an id one', () => expect(goTo('sequence/0/until/0', 'sequence/2')(graph)?.edits).toEqual([{ op: 'set', path: ['sequence', 2, 'id'], value: 'repeat', at: 0 }, { op: 'set', path: ['sequence', 0, 'until', 0, 'goto'], value: 'repeat' }]))
  it('takes the jump out again', () => expect(goTo('sequence/0/until/0', null)(graph)?.edits.map((edit) => edit.path?.at(-1))).toEqual(['goto', 'max']))
})

describe('lines', () => {
  it('lead from an end to its step and from a rule to the steps it names', () => expect(linksOf(graph).map((link) => [link.port || link.from, link.to, link.of])).toEqual([
    ['sequence/0/until/0', 'sequence/1', 'goto'], ['rules/0', 'sequence/0', 'rule'], ['rules/1', 'sequence/0', 'rule'], ['rules/1', 'sequence/2/do/1', 'rule'],
  ]))
  it('run beside the cards between their ends', () => {
    const [link] = linksOf(graph)
    expect(link && bendOf(scene, link, 0)).toBeGreaterThan(at('sequence/0').x + at('sequence/0').card.w)
    expect(pathOf([0, 0], [0, 100], 30)).toBe('M0,0 H22 Q30,0 30,8 V92 Q30,100 22,100 H0')
  })
})

describe('walking', () => {
  it.each([
    [undefined, 'ArrowDown', 'limits/0'], ['limits/0', 'ArrowDown', 'sequence/0'], ['sequence/0', 'ArrowRight', 'sequence/0/until/0'], ['sequence/0/until/0', 'ArrowDown', 'sequence/0/until/1'], ['sequence/0/until/1', 'ArrowDown', 'sequence/1'],
    ['sequence/0/until/0', 'ArrowLeft', 'sequence/0'], ['sequence/2', 'ArrowDown', 'sequence/2/do/0'], ['sequence/2/do/0', 'ArrowLeft', 'sequence/2'], ['rules/1', 'ArrowRight', 'rules/1/when/0'], ['rules/1', 'ArrowDown', null], ['rules/1', 'Home', 'limits/0'],
  ])('from %s with %s to %s', (from, key, to) => expect(next(graph, from, key)).toBe(to))
  it('Shift takes all between, Ctrl one more or less', () => {
    const [a, b, c] = spineOf(graph).slice(1, 4).map((node) => node.key) as [string, string, string]
    expect(selected(graph, [a], c, { ctrl: false, shift: true })).toEqual([a, b, c])
    expect(selected(graph, [a, b], b, { ctrl: true, shift: false })).toEqual([a])
    expect(selected(graph, [a], b, { ctrl: true, shift: false })).toEqual([a, b])
  })
})

it('knows what was dropped', () => expect(([{ rest: '1 min' }, { trip: 'temp > 45 °C' }, { when: 'manual', then: [] }] as PlainMap[]).map(kindOf)).toEqual(['step', 'limit', 'rule']))
it('reads an end in each of its forms', () => {
  expect(endWords('voltage > 4 V')).toMatchObject({ when: 'voltage > 4 V', name: '' })
  expect(endWords({ time: 'step.time > 1 h' })).toMatchObject({ when: 'step.time > 1 h', name: 'time' })
  expect(endWords({ name: 'x', when: 'current < 1 A', phase: 'cv', for: '10 s', samples: '2', verdict: 'fail' })).toEqual({ name: 'x', when: 'current < 1 A', more: ['CV', '10 s', '2 ×'], verdict: 'fail', goto: '' })
})
it('first shows a lane whole, in the middle, and never enlarged', () => {
  expect(firstLook({ x: 0, w: 400 }, { width: 1000 })).toEqual({ x: 300, y: 16, zoom: 1 })
  expect(firstLook({ x: 400, w: 700 }, { width: 732 })).toEqual({ x: -384, y: 16, zoom: 1 })
  expect(firstLook({ x: 0, w: 400 }, { width: 332 }).zoom).toBe(0.75)
})
