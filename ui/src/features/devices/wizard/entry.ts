/** What the wizard collects, and what of it goes to the server; pure functions. */
import type { Blueprint, Device, DeviceConfig, DriverBlueprint, ProbeRequest } from '@/api/types'
import { parseNumber } from '@/kit/parseNumber'
import type { Values } from '@/kit/schema/fields'
import { without } from '@/kit/without'

/** One way to the device, as filled in; every tab keeps its own. */
export interface Way {
  framing: string
  transport: Values
  framings: Record<string, Values>
}

export interface Entry {
  driver: string
  id: string
  alias: string
  icon: string
  color: string
  location: string
  description: string
  auto_start: boolean
  enabled: boolean
  poll: string
  transport: string
  ways: Record<string, Way>
  params: Values
  /** What happens when the link is lost. */
  safety: Values
}

export const DEFAULT_COLOR = '#0ea5e9'
export const DEFAULT_ICON = 'developer-board'
export const ID = /^[A-Za-z0-9_-]{1,64}$/
const POLL = { min: 20, max: 86_400_000 }

export function freshEntry(): Entry {
  return { driver: '', id: '', alias: '', icon: DEFAULT_ICON, color: DEFAULT_COLOR, location: '', description: '', auto_start: true, enabled: true, poll: '1000', transport: '', ways: {}, params: {}, safety: {} }
}

const params = (block: Values | null | undefined): Values => ({ ...(block?.params as Values | undefined), ...without(block ?? {}, 'type', 'params') })
const text = (value: unknown, usual = ''): string => (value === null || value === undefined || value === '' ? usual : String(value))

/** What is told is kept: leaving it out would set it back. */
function safetyOf({ on_comm_loss, safe_group, watchdog_wish_s, logging }: Device): Values {
  return {
    ...(on_comm_loss === 'hold' ? { on_comm_loss } : {}),
    ...(safe_group ? { safe_group } : {}),
    ...(watchdog_wish_s ? { watchdog_s: watchdog_wish_s } : {}),
    ...(logging ? { logging } : {}),
  }
}

/** The entry of a device that is there already. */
export function entryOf(device: Device): Entry {
  const transport = text(device.transport.type)
  const framing = text(device.framing?.type)
  const way: Way = { framing, transport: params(device.transport), framings: framing ? { [framing]: params(device.framing) } : {} }
  return {
    driver: device.driver, id: device.id, alias: device.alias === device.id ? '' : text(device.alias), icon: text(device.icon, DEFAULT_ICON), color: text(device.color, DEFAULT_COLOR),
    location: text(device.location), description: text(device.description), auto_start: device.auto_start, enabled: device.enabled,
    poll: text(device.polling_interval_ms, '1000'), transport, ways: { [transport]: way }, params: { ...device.params }, safety: safetyOf(device),
  }
}

export const transportsOf = (blueprint: DriverBlueprint | null): string[] => [...new Set((blueprint?.blueprints ?? []).map((one) => one.transport))]

export function blueprintFor(blueprint: DriverBlueprint | null, transport: string, framing = ''): Blueprint | null {
  const fitting = (blueprint?.blueprints ?? []).filter((one) => one.transport === transport)
  return fitting.find((one) => one.framing === framing) ?? fitting[0] ?? null
}

/** Fills in what the blueprint says and nobody has set yet. */
export function adoptBlueprint(entry: Entry, blueprint: DriverBlueprint): void {
  const names = transportsOf(blueprint)
  for (const name of names) {
    const first = blueprintFor(blueprint, name, entry.ways[name]?.framing)
    if (!first) continue
    const known = entry.ways[name]
    const line = name === 'serial' ? { baudrate: 115_200 } : {}
    entry.ways[name] = { framing: known?.framing || first.framing, transport: { ...line, ...first.transport_params, ...known?.transport }, framings: known?.framings ?? {} }
  }
  if (!names.includes(entry.transport)) entry.transport = names[0] ?? ''
}

/** The poll interval in ms, or null when it is none. */
export function pollOf(entry: Entry): number | null {
  const value = parseNumber(entry.poll)
  return value !== null && Number.isInteger(value) && value >= POLL.min && value <= POLL.max ? value : null
}

interface Stack {
  transport: Values
  framing: string
  framingParams: Values
}

/** The chosen way with the blueprint's defaults written out, so that a later driver cannot change it unseen. */
function stackOf(entry: Entry, blueprint: DriverBlueprint | null): Stack {
  const way = entry.ways[entry.transport]
  const defaults = blueprintFor(blueprint, entry.transport, way?.framing)
  if (!way) return { transport: {}, framing: '', framingParams: {} }
  const own = way.framings[way.framing] ?? {}
  const usual = way.framing === defaults?.framing ? defaults.framing_params : {}
  return {
    transport: { ...defaults?.transport_params, ...way.transport },
    framing: way.framing === 'none' && !Object.keys(own).length ? '' : way.framing,
    framingParams: { ...usual, ...own },
  }
}

export function probeOf(entry: Entry, blueprint: DriverBlueprint | null): ProbeRequest {
  const stack = stackOf(entry, blueprint)
  const framing = stack.framing ? { framing_type: stack.framing, framing_params: stack.framingParams } : {}
  return { driver: entry.driver, transport_type: entry.transport, transport_params: stack.transport, ...framing, params: { ...entry.params } }
}

export function configOf(entry: Entry, blueprint: DriverBlueprint | null): DeviceConfig {
  const stack = stackOf(entry, blueprint)
  return {
    id: entry.id, driver: entry.driver, alias: entry.alias.trim() || entry.id, icon: entry.icon, color: entry.color, location: entry.location.trim(), description: entry.description.trim(),
    enabled: entry.enabled, auto_start: entry.auto_start, polling_interval_ms: pollOf(entry) ?? 1000,
    transport: { type: entry.transport, ...stack.transport },
    ...(stack.framing ? { framing: { type: stack.framing, ...stack.framingParams } } : {}),
    params: { ...entry.params },
    ...entry.safety,
  }
}
