/** Names that may stand in a flow, with what they are and the point whose value is shown beside them. */
import type { Device, Entity } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import type { Wiring } from './usePanel'

export interface NameItem {
  name: string
  detail: string
  /** Whose newest value is shown; empty where there is none. */
  point: string
  entity: Entity | null
}

export const FUNCTIONS: readonly (readonly [string, string])[] = [
  ['avg(', 'avg(point, 10 s)'], ['min(', 'min(point, 10 s)'], ['max(', 'max(point, 10 s)'], ['rate(', 'rate(point, 1 min)'], ['integral(', 'integral(point, 1 h)'], ['abs(', 'abs(x)'], ['round(', 'round(x, 2)'],
  ['clamp(', 'clamp(x, low, high)'], ['between(', 'between(x, low, high)'], ['changed(', 'changed(point, 10 s)'], ['stable(', 'stable(point, 2 mV, 10 min)'], ['previous(', 'previous(point)'], ['age(', 'age(point)'], ['is_stale(', 'is_stale(point)'],
  ['and', 'a and b'], ['or', 'a or b'], ['not', 'not a'],
]
const LOCAL: readonly (readonly [string, string])[] = [
  ['step.time', 's'], ['step.ah', 'Ah'], ['step.wh', 'Wh'], ['step.charge_ah', 'Ah'], ['step.discharge_ah', 'Ah'], ['step.dv', 'V'], ['step.di', 'A'], ['step.minus_dv', 'V'], ['step.dcir', 'Ω'], ['step.ended_by', ''], ['step.end_value', ''],
  ['cycle.number', ''], ['cycle.time', 's'], ['cycle.charge_ah', 'Ah'], ['cycle.discharge_ah', 'Ah'], ['cycle.ce', ''], ['cycle.ee', ''],
  ['run.time', 's'], ['run.net_ah', 'Ah'], ['run.soc', '%'], ['run.cycle', ''], ['run.state', ''], ['cell.capacity', 'Ah'], ['cell.charge_voltage', 'V'], ['cell.cutoff_voltage', 'V'], ['loop.n', ''],
]
/** `CH1.voltage`, also written `voltage` in a flow of that channel. */
const BARE = new Set(['voltage', 'current', 'power', 'temp'])

/** Address of the point a name means in this flow; empty when it means none. */
export function addressOf(name: string, channel: string, wiring: Wiring | null): string {
  if (BARE.has(name)) return channel ? `${channel}.${name}` : ''
  const through = /^channel\.(source|sink)\.(.+)$/.exec(name)
  if (!through) return name.includes('.') ? name : ''
  const device = through[1] === 'source' ? wiring?.source : wiring?.sink
  return device ? `${device}.${through[2]}` : ''
}

export function namesOf(devices: readonly Device[], channel: string, wiring: Wiring | null): NameItem[] {
  const bare = CHANNEL_QUANTITIES.filter((one) => BARE.has(one.id)).map((one): NameItem => ({ name: one.id, detail: one.unit, point: addressOf(one.id, channel, wiring), entity: null }))
  const through = (['source', 'sink'] as const).flatMap((side) => devices.find((device) => device.id === wiring?.[side])?.entities.map((entity): NameItem => ({ name: `channel.${side}.${entity.id}`, detail: entity.unit ?? '', point: `${wiring?.[side]}.${entity.id}`, entity })) ?? [])
  const points = devices.flatMap((device) => device.entities.map((entity): NameItem => ({ name: `${device.id}.${entity.id}`, detail: entity.unit ?? '', point: `${device.id}.${entity.id}`, entity })))
  return [...bare, ...LOCAL.map(([name, detail]) => ({ name, detail, point: '', entity: null })), ...points, ...through]
}

/** The word a cursor stands in: where it begins and what of it is typed; behind a number stands a unit, which is no name. */
export function wordAt(text: string, cursor: number): { from: number; to: number; word: string } {
  const from = cursor - (/[A-Za-z_$][\w.]*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)
  if (/(^|[^\w.])[\d.]+\s*[°µ]?$/.test(text.slice(0, from))) return { from: cursor, to: cursor, word: '' }
  const to = cursor + (/^[\w.]*/.exec(text.slice(cursor))?.[0].length ?? 0)
  return { from, to, word: text.slice(from, cursor) }
}

/** Names inside an expression, in their order; texts in quotes hold none. */
export function namesIn(expression: string): string[] {
  const bare = expression.replace(/"[^"]*"|'[^']*'/g, ' ')
  return [...new Set(bare.match(/[A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*/g) ?? [])]
}

/** Best first: what begins so, then what holds it; several words must all be there. */
export function matching<T extends { name: string; detail: string }>(items: readonly T[], typed: string, most = 40): T[] {
  const wanted = typed.toLowerCase()
  if (items.some((item) => item.name === typed)) return []
  if (!wanted) return items.slice(0, most)
  const score = (item: T) => {
    const name = item.name.toLowerCase()
    if (name.startsWith(wanted)) return 0
    if (name.split('.').some((part) => part.startsWith(wanted))) return 1
    return name.includes(wanted) || item.detail.toLowerCase().includes(wanted) ? 2 : 3
  }
  return items.map((item) => [score(item), item] as const).filter(([rank]) => rank < 3).sort((a, b) => a[0] - b[0]).slice(0, most).map(([, item]) => item)
}
