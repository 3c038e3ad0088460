/** What a button can do: what it lacks, and how it is done. */
import { adminApi, markersApi, rulesApi, runsApi, scriptsApi, sessionsApi } from '@/api/endpoints'
import type { Entity, Scalar } from '@/api/types'
import { findPoint } from '@/kit/live/lookup'
import { parseNumber } from '@/kit/parseNumber'
import { useBench } from '@/stores/bench'
import { useMarkers } from '@/stores/markers'
import { useRuns } from '@/stores/runs'
import { useScripts } from '@/stores/scripts'
import { useWrites } from '@/stores/writes'
import type { Widget } from '../contract'

export const ACTIONS = ['set_marker', 'run_flow', 'trigger_rule', 'run_script', 'start_session', 'stop_session', 'write', 'all_off'] as const
export type ActionName = (typeof ACTIONS)[number]
export type Lack = 'goneFlow' | 'goneRule' | 'goneScript' | 'gonePoint' | 'goneValue'

export interface Task {
  action: ActionName
  flow: string
  channel: string
  point: string
  rule: string
  script: string
  marker: string
  session: string
  value: string
}

export function taskOf(widget: Widget): Task {
  const text = (name: string) => String(widget.options[name] ?? '').trim()
  const bound = (name: string) => widget.bindings[name]?.source ?? ''
  const action = ACTIONS.find((name) => name === widget.options.action) ?? (bound('point') ? 'write' : bound('flow') ? 'run_flow' : 'set_marker')
  return { action, flow: bound('flow'), channel: bound('channel'), point: bound('point'), rule: text('rule'), script: text('script'), marker: text('marker'), session: text('session'), value: text('value') }
}

const ON = ['1', 'on', 'true', 'ein', 'an']
const OFF = ['0', 'off', 'false', 'aus']

/** What was typed, as the entity takes it; undefined when it does not. */
export function valueFor(entity: Entity, text: string): Scalar | undefined {
  return VALUES[entity.kind]?.(text, entity) ?? undefined
}

function numberFor(text: string, { min, max }: Entity): number | undefined {
  const value = parseNumber(text)
  return value === null || value < (min ?? -Infinity) || value > (max ?? Infinity) ? undefined : value
}

const VALUES: Partial<Record<Entity['kind'], (text: string, entity: Entity) => Scalar | undefined>> = {
  action: () => true,
  toggle: (text) => (ON.includes(text.toLowerCase()) ? true : OFF.includes(text.toLowerCase()) ? false : undefined),
  enum: (text, entity) => entity.options?.find((option) => option.key === text || option.label === text)?.key,
  text: (text) => text || undefined,
  numeric: numberFor,
}

/** What is missing before the button can do anything; null when nothing is. */
export function lackOf(task: Task): Lack | null {
  const needs: Partial<Record<ActionName, () => Lack | null>> = {
    run_flow: () => (task.flow ? null : 'goneFlow'),
    trigger_rule: () => (task.rule ? null : 'goneRule'),
    run_script: () => (task.script ? null : 'goneScript'),
    write: () => {
      const bound = findPoint(task.point)
      if (!bound?.device) return 'gonePoint'
      return valueFor(bound.entity, task.value) === undefined ? 'goneValue' : null
    },
  }
  return needs[task.action]?.() ?? null
}

const DO: Record<ActionName, (task: Task, label: string) => Promise<unknown>> = {
  set_marker: async ({ marker }, label) => useMarkers().apply(await markersApi.add({ label: marker || label })),
  run_flow: async ({ flow, channel }) => {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
    useRuns().begin(await runsApi.start({ sequence: flow, ...(channel ? { bindings: { channel } } : {}) }, key))
  },
  trigger_rule: ({ rule }) => rulesApi.act(rule, 'trigger'),
  run_script: async ({ script }) => useScripts().put(await scriptsApi.run(script, { parameters: {}, safe: [] })),
  start_session: async ({ session }) => useBench().setSession(await sessionsApi.start({ name: session || undefined })),
  stop_session: async () => useBench().setSession(await sessionsApi.stop()),
  write: async ({ point, value }) => {
    const bound = findPoint(point)
    const wanted = bound?.device ? valueFor(bound.entity, value) : undefined
    if (bound?.device && wanted !== undefined) await useWrites().write(bound.device, bound.entity, wanted)
  },
  all_off: async (_task, label) => void (useBench().latch = { pressed: (await adminApi.panic(label)).pressed }),
}

export const perform = (task: Task, label: string): Promise<unknown> => DO[task.action](task, label)
