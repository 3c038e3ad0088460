/** One line for an event, with what it is about and how grave it is; pure apart from the language. */
import type { Severity } from '@/api/types'
import type { Entry } from '@/stores/journal'
import { t } from './messages'

export type About = 'alarms' | 'runs' | 'rules' | 'devices' | 'scripts' | 'session' | 'other'

export interface Line {
  id: number
  t: number
  about: About
  severity: Severity | null
  text: string
}

type Payload = Entry['payload']
const word = (value: unknown) => (value === null || value === undefined ? '' : String(value))
const joined = (...parts: unknown[]) => parts.map(word).filter(Boolean).join(' · ')

/** Lines a rule wrote stand in what its actions answered. */
function saidBy(payload: Payload): string {
  const actions = Array.isArray(payload.actions) ? (payload.actions as Payload[]) : []
  return actions.map((action) => word((action.result as Payload | undefined)?.message ?? action.message)).filter(Boolean).join(' · ')
}

interface Reading {
  about: About
  text: (payload: Payload) => string
  severity?: (payload: Payload) => Severity | null
}

const grave = (payload: Payload) => (payload.severity === 'critical' || payload.severity === 'warning' ? payload.severity : 'info') as Severity
const about = (about: About, key: 'step' | 'cycle' | 'script' | 'flow' | 'mode' | 'asks' | 'message' | 'interlock' | 'rule', ...names: string[]): Reading => ({ about, text: (payload) => t(key, { text: joined(...names.map((name) => payload[name])) }) })

const READINGS: Record<string, Reading> = {
  alarm: { about: 'alarms', text: (payload) => t('alarm', { what: joined(payload.transition), text: word(payload.text) }), severity: grave },
  marker: { about: 'session', text: (payload) => t(payload.action === 'deleted' || payload.action === 'removed' ? 'markerGone' : 'marker', { text: word(payload.label) }) },
  session: { about: 'session', text: (payload) => t(payload.status === 'running' ? 'sessionOn' : 'sessionOff', { text: word(payload.name) }) },
  device_state: { about: 'devices', text: (payload) => t('device', { device: word(payload.device_id), text: joined(payload.state, payload.hint) }), severity: ({ state }) => (state === 'offline' || state === 'error' ? 'warning' : null) },
  device_note: { about: 'devices', text: (payload) => t('device', { device: word(payload.device_id), text: joined(payload.note, payload.text) }) },
  device_unsafe: { about: 'devices', text: (payload) => t('device', { device: word(payload.device_id ?? payload.device), text: joined(payload.message, payload.text) }), severity: () => 'critical' },
  rule_fired: { about: 'rules', text: (payload) => t('rule', { text: joined(payload.id ?? payload.rule, payload.outcome === 'done' ? '' : payload.outcome, saidBy(payload)) }), severity: ({ outcome }) => (outcome === 'failed' ? 'warning' : null) },
  run_step: about('runs', 'step', 'title', 'ended_by'),
  run_cycle: about('runs', 'cycle', 'cycle'),
  run_prompt: about('runs', 'asks', 'text'),
  script_run: about('scripts', 'script', 'script', 'state', 'message'),
  flow_changed: about('other', 'flow', 'id'),
  mode: about('other', 'mode', 'mode'),
  notify: about('other', 'message', 'title', 'message'),
  interlock: { ...about('devices', 'interlock', 'id', 'state'), severity: ({ state }) => (state === 'tripped' || state === 'unknown' ? 'critical' : null) },
  panic: { about: 'devices', text: (payload) => t(payload.pressed ? 'panic' : 'rearmed'), severity: (payload) => (payload.pressed ? 'critical' : null) },
}

export function lineOf({ id, t: at, name, payload }: Entry): Line {
  const reading = READINGS[name]
  if (!reading) return { id, t: at, about: 'other', severity: null, text: joined(t('other', { name: name.replaceAll('_', ' ') }), payload.device_id, payload.id) }
  return { id, t: at, about: reading.about, severity: reading.severity?.(payload) ?? null, text: reading.text(payload) }
}

export function linesFor(entries: readonly Entry[], only: string, filter: string): Line[] {
  const wanted = filter.trim().toLowerCase()
  return entries.map(lineOf).filter((line) => (!only || only === 'all' || line.about === only) && (!wanted || line.text.toLowerCase().includes(wanted)))
}
