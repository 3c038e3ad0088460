/** What a new item of a list looks like before anyone has filled it in; it reads without an error where that can be. */
import type { Plain } from '../model/graph'
import { tp } from './messages'

export type EndKind = 'time' | 'voltage' | 'current' | 'charge' | 'temperature' | 'own'
export const END_KINDS: readonly EndKind[] = ['time', 'voltage', 'current', 'charge', 'temperature', 'own']
export const LIMIT_KINDS: readonly EndKind[] = ['voltage', 'current', 'temperature', 'time', 'own']

/** An end of a step that does this; named, so that it can be recognised in the run. */
export function newEnd(kind: EndKind, verb: string): Plain {
  const isDischarge = verb === 'discharge'
  const made: Record<EndKind, Plain> = {
    time: { name: 'time', when: 'step.time > 1 h' },
    voltage: isDischarge ? { name: 'empty', when: 'voltage <= 2.5 V' } : { name: 'full', when: 'voltage >= 4.2 V' },
    current: { name: 'taper', phase: 'cv', when: 'current < 0.05 C', for: '10 s' },
    charge: { name: 'charge', when: 'step.ah > 1 Ah' },
    temperature: { name: 'hot', when: 'temp > 45 °C', verdict: 'fail' },
    own: { when: 'voltage > 4 V' },
  }
  return made[kind]
}

export function newLimit(kind: EndKind, id: string): Plain {
  const made: Partial<Record<EndKind, string>> = { voltage: 'voltage > 4.25 V', current: 'abs(current) > 5 A', temperature: 'temp > 45 °C', time: 'run.time > 24 h' }
  return { id, trip: made[kind] ?? 'temp > 45 °C' }
}

/** The least that a verb of a rule says. */
const VERBS: Record<string, Plain> = {
  alarm: { text: 'Look here', severity: 'warning' }, marker: 'Note', log: 'Note', notify: 'Note', set: {}, safe_state: 'all', export: 'csv', wait: '10 s', stop_run: null, panic: null, session: 'start', variables: { set: { note: '1' } },
  event: 'done', http: 'https://host/path', publish: 'lab/note', rule: { id: 'flow/rule', do: 'disable' }, run: 'flow', script: 'name', if: 'temp > 40 °C', repeat: '3', parallel: [[{ log: 'One' }], [{ log: 'Two' }]], ramp: { point: 'PSU_01.u_set', to: '1 V', over: '10 s' }, wait_for: 'temp < 30 °C',
}
const BESIDE: Record<string, { [key: string]: Plain }> = { if: { then: [{ log: 'Note' }] }, repeat: { do: [{ log: 'Note' }] }, wait_for: { timeout: '10 min' } }
const TRIGGERS: Record<string, Plain> = {
  alarm: { alarm: 'raised' }, change: { change: 'temp' }, device: { device: 'offline' }, event: { event: 'done' }, manual: 'manual', marker: { marker: 'Note' }, mqtt: { mqtt: 'lab/+/temp' }, run: { run: 'finished' }, schedule: { schedule: null, every: '1 h' },
  session: { session: 'started' }, stale: { stale: 'PSU_01', for: '30 s' }, startup: 'startup', threshold: { threshold: 'temp', above: '45 °C' }, webhook: { webhook: 'start-test' },
}
const CHECKS: Record<string, Plain> = { all: { all: ['temp < 40 °C', 'voltage > 3 V'] }, any: { any: ['temp < 40 °C', 'voltage > 3 V'] }, not: { not: ['temp > 40 °C'] }, state: { state: 'run.state', is: 'running' }, time: { time: { after: '22:00', before: '06:00' } } }

export interface Around { point?: string; inRun?: boolean }
/** Verbs whose start depends on where they stand. */
const PLACED: Record<string, (around: Around) => Plain> = {
  set: ({ point }) => ({ [point ?? 'PSU_01.u_set']: '0 V' }),
  safe_state: ({ inRun }) => (inRun ? 'channel' : 'all'),
}
const actionOf = (verb: string, around: Around): Plain => ({ [verb]: PLACED[verb]?.(around) ?? VERBS[verb] ?? null, ...BESIDE[verb] })

/** A trigger, condition or action of a rule; `expr` is an expression alone. */
export function newNode(kind: 'trigger' | 'check' | 'action', verb: string, around: Around = {}): Plain {
  if (verb === 'expr') return 'temp > 45 °C'
  if (kind === 'action') return actionOf(verb, around)
  return (kind === 'trigger' ? TRIGGERS : CHECKS)[verb] ?? { [verb]: null }
}

export const endWord = (kind: EndKind): string => tp(kind)
