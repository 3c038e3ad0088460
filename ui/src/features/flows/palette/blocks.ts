/**
 * Everything that may stand in a flow, as it is put in: with values that make sense on their own.
 *
 * `kinds` says where it may stand. `args` is the key that words behind the verb go to, empty for the verb itself.
 */
import { shallowRef } from 'vue'
import type { NodeKind, Plain } from '../model/graph'
import { verbName } from '../sentences/look'

export type Group = 'drive' | 'measure' | 'order' | 'note' | 'control' | 'trigger' | 'check' | 'watch'
export const GROUPS: readonly Group[] = ['drive', 'measure', 'order', 'note', 'control', 'trigger', 'check', 'watch']

export interface Block {
  verb: string
  group: Group
  kinds: readonly NodeKind[]
  value: Plain
  /** Other words for it when typed. */
  words: readonly string[]
  args?: string
}

/** What it is called: an action on a rule is no new rule. */
export const blockName = ({ verb, group }: Block): string => verbName(verb === 'rule' && group === 'control' ? 'other_rule' : verb)

const STEP = ['step'] as const
const BOTH = ['step', 'action'] as const
const WHEN = ['trigger'] as const
const IF = ['check'] as const
const of = (group: Group, kinds: readonly NodeKind[], verb: string, value: Plain, words = '', args?: string): Block => ({ verb, group, kinds, value, words: words.split(' ').filter(Boolean), ...(args === undefined ? {} : { args }) })
const timeEnd = (when: string): Plain => [{ name: 'time', when: `step.time > ${when}` }]

const DRIVE: Block[] = [
  of('drive', STEP, 'charge', { id: 'charge', charge: { current: '0.5 C', voltage: '4.2 V' }, until: [{ name: 'taper', phase: 'cv', when: 'current < 0.05 C', for: '10 s' }, { name: 'time', when: 'step.time > 4 h', verdict: 'fail' }] }, 'cc cccv cv cp laden'),
  of('drive', STEP, 'discharge', { id: 'discharge', discharge: { current: '0.5 C' }, until: [{ name: 'cutoff', when: 'voltage <= cell.cutoff_voltage', samples: '2' }, { name: 'time', when: 'step.time > 150 min', verdict: 'fail' }] }, 'dc cr entladen'),
  of('drive', STEP, 'rest', { rest: '30 min' }, 'r pause ruhe', ''),
  of('drive', STEP, 'precharge', { precharge: null }, 'pc'),
  of('drive', STEP, 'ramp', { ramp: { charge: { current: { from: '0 A', to: '1 A' }, voltage: '4.2 V' }, over: '10 min' }, until: timeEnd('20 min') }, ''),
  of('drive', STEP, 'profile', { profile: { file: 'drive.csv' }, until: timeEnd('2 h') }, 'table', 'file'),
  of('drive', STEP, 'soak', { soak: { chamber: 'CHAMBER_01.temp_set', temp: '25 °C', within: '1 K', for: '30 min', timeout: '4 h' } }, 'chamber', 'temp'),
]
const MEASURE: Block[] = [
  of('measure', STEP, 'dcir', { dcir: { current: '1 C', for: '10 s', rest: '30 s' } }, 'ir resistance widerstand', 'current'),
  of('measure', STEP, 'pulse', { pulse: { discharge: '1 C', charge: '1 C', for: '10 s', rest: '40 s' } }, 'hppc puls', 'discharge'),
  of('measure', STEP, 'contact_check', { contact_check: null }, 'contacts'),
  of('measure', STEP, 'cross_check', { cross_check: ['0.5 A', '1 A', '2 A'] }, 'meters'),
  of('measure', STEP, 'connect', { connect: null }),
  of('measure', STEP, 'disconnect', { disconnect: null }),
]
const ORDER: Block[] = [
  of('order', BOTH, 'repeat', { repeat: '3', do: [{ wait: '1 min' }] }, 'loop x schleife', ''),
  of('order', BOTH, 'if', { if: 'temp > 40 °C', then: [{ wait: '10 min' }] }, 'falls', ''),
  of('order', BOTH, 'parallel', { parallel: [[{ wait: '1 min' }], [{ marker: 'At the same time' }]] }, 'par'),
  of('order', STEP, 'label', { label: 'again' }, '', ''),
  of('order', STEP, 'goto', { goto: 'again', max: '1' }, '', ''),
  of('order', STEP, 'call', { call: 'lib-cc-cv' }, 'sub', ''),
  of('order', BOTH, 'wait', { wait: '10 s' }, 'w warten', ''),
  of('order', BOTH, 'wait_for', { wait_for: 'temp < 30 °C', timeout: '1 h' }, 'wf', ''),
  of('order', STEP, 'prompt', { prompt: 'Ready?' }, 'ask p fragen', ''),
  of('order', STEP, 'sync', { sync: 'begin', count: '2', timeout: '1 h' }, '', ''),
]
const NOTE: Block[] = [
  of('note', BOTH, 'marker', { marker: 'Note' }, 'm mark', ''),
  of('note', BOTH, 'log', { log: 'Note' }, 'l', ''),
  of('note', BOTH, 'notify', { notify: 'Note' }, 'n tell melden', ''),
  of('note', BOTH, 'alarm', { alarm: { severity: 'warning', text: 'Look here' } }, 'al', 'text'),
  of('note', BOTH, 'export', { export: 'csv' }, 'csv', ''),
  of('note', BOTH, 'session', { session: 'start' }, 'record', ''),
  of('note', BOTH, 'event', { event: 'batch-done' }, '', ''),
  of('note', BOTH, 'http', { http: 'https://example.org/hook' }, 'web', ''),
  of('note', BOTH, 'publish', { publish: { topic: 'lab/cell', payload: '{{ voltage }}' } }, 'mqtt', 'topic'),
]
const CONTROL: Block[] = [
  of('control', BOTH, 'set', { set: { 'PSU_01.v_set': '4.2 V' } }),
  of('control', ['action'], 'ramp', { ramp: { point: 'PSU_01.v_set', to: '4.2 V', over: '1 min' } }, '', 'point'),
  of('control', BOTH, 'variables', { variables: { add: { cycles: '1' } } }, 'var'),
  of('control', BOTH, 'script', { script: 'hello' }, 'py', ''),
  of('control', BOTH, 'run', { run: 'lib-cc-cv' }, 'start', ''),
  of('control', BOTH, 'rule', { rule: 'guard/hot' }, '', ''),
  of('control', BOTH, 'stop_run', { stop_run: null }, 'stop'),
  of('control', BOTH, 'safe_state', { safe_state: 'channel' }, 'safe', ''),
  of('control', BOTH, 'panic', { panic: null }, 'off'),
]
const TRIGGER: Block[] = [
  of('trigger', WHEN, 'expr', { expr: 'temp > 40 °C', for: '10 s' }, 'when', 'expr'),
  of('trigger', WHEN, 'threshold', { threshold: { point: 'PSU_01.temp', above: '60 °C' } }, '', 'point'),
  of('trigger', WHEN, 'run', { run: 'step_ended' }, '', ''),
  of('trigger', WHEN, 'schedule', { schedule: '0 2 * * *' }, 'cron', ''),
  of('trigger', WHEN, 'stale', { stale: 'PSU_01', for: '10 s' }, '', ''),
  of('trigger', WHEN, 'device', { device: 'offline' }, '', ''),
  of('trigger', WHEN, 'alarm', { alarm: 'raised' }, '', ''),
  of('trigger', WHEN, 'marker', { marker: 'Note' }, 'm', ''),
  of('trigger', WHEN, 'change', { change: 'PSU_01.mode' }, '', ''),
  of('trigger', WHEN, 'session', { session: 'started' }, '', ''),
  of('trigger', WHEN, 'event', { event: 'batch-done' }, '', ''),
  of('trigger', WHEN, 'mqtt', { mqtt: 'lab/+/temp' }, '', ''),
  of('trigger', WHEN, 'webhook', { webhook: 'start-test' }, '', ''),
  of('trigger', WHEN, 'startup', { startup: null }),
  of('trigger', WHEN, 'manual', { manual: null }),
]
const CHECK: Block[] = [
  of('check', IF, 'all', { all: ['temp > 20 °C', 'temp < 30 °C'] }, 'and'),
  of('check', IF, 'any', { any: ['temp < 10 °C', 'temp > 40 °C'] }, 'or'),
  of('check', IF, 'not', { not: ['temp > 40 °C'] }),
  of('check', IF, 'state', { state: 'PSU_01.mode', is: ['CC', 'CV'] }, '', ''),
  of('check', IF, 'time', { time: { after: '22:00', before: '06:00' } }, 'hours'),
]
const WATCH: Block[] = [
  of('watch', ['limit'], 'limit', { id: 'hot', trip: 'temp > 50 °C', samples: '2' }, 'trip grenze', 'trip'),
  of('watch', ['rule'], 'rule', { id: 'hot', title: 'Over-temperature', when: { expr: 'temp > 45 °C', samples: '2' }, then: [{ alarm: { severity: 'critical', text: 'Over-temperature' } }, { safe_state: 'channel' }] }, 'regel', 'when'),
  of('watch', ['end'], 'end', { name: 'time', when: 'step.time > 1 h' }, 'until', 'when'),
]
export const BLOCKS: readonly Block[] = [...DRIVE, ...MEASURE, ...ORDER, ...NOTE, ...CONTROL, ...TRIGGER, ...CHECK, ...WATCH]

/** With the verbs of plugins, once the schema has told of them. */
const known = shallowRef<readonly Block[]>(BLOCKS)
export const allBlocks = (): readonly Block[] => known.value
export const learn = (more: readonly Block[]): void => void (known.value = [...BLOCKS, ...more])

/** What may be put into a list of this kind. */
export const blocksFor = (kind: NodeKind): Block[] => known.value.filter((block) => block.kinds.includes(kind))
