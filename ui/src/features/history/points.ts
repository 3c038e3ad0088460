/** Points of recordings: what can be drawn, what is drawn first, and how a curve looks. */
import type { RecordedDevice } from '@/api/recordings'
import type { Device, Session } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'

export interface HistoryPoint {
  device: string
  entity: string
  label: string
  unit: string
  precision: number | null
  /** A value of a channel. */
  channel: boolean
  /** Not a setting. */
  measured: boolean
}

export const MOST_POINTS = 8
export const MOST_SESSIONS = 6
export const pointKey = (point: { device: string; entity: string }) => `${point.device}/${point.entity}`

const PALETTE = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6', '--charge', '--discharge']
const OWN: Record<string, string> = { voltage: '--voltage', current: '--current', temp: '--temp', power: '--power' }
export const DASHES: number[][] = [[], [6, 4], [2, 3], [10, 4, 2, 4]]

type RecordedEntity = RecordedDevice['entities'][number]

/** A device that speaks all quantities of a channel and is none of ours is a channel. */
const isChannelOf = (known: Device | undefined, entities: RecordedEntity[]) => !known && CHANNEL_QUANTITIES.every(({ id }) => entities.some((entity) => entity.id === id))

function channelPoint(device: string, { id, unit }: RecordedEntity, nameOf: (quantity: string) => string): HistoryPoint {
  const quantity = CHANNEL_QUANTITIES.find((item) => item.id === id)
  return { device, entity: id, label: `${device} ${nameOf(id)}`, unit, precision: quantity?.precision ?? null, channel: true, measured: quantity !== undefined }
}

function devicePoint(device: string, { id, kind, unit }: RecordedEntity, known: Device | undefined): HistoryPoint {
  const entity = known?.entities.find((item) => item.id === id)
  const precision = entity?.precision ?? (kind === 'toggle' ? 0 : null)
  return { device, entity: id, label: `${device} ${entity?.name ?? id}`, unit, precision, channel: false, measured: entity?.access !== 'RW' && kind === 'numeric' }
}

/** What the recordings hold of numbers and switches, with the names of devices that are still there. */
export function pointsOf(recorded: RecordedDevice[], devices: Device[], nameOf: (quantity: string) => string): HistoryPoint[] {
  const found = new Map<string, HistoryPoint>()
  for (const { device, entities } of recorded) {
    const known = devices.find((item) => item.id === device && item.category !== 'channel')
    const isChannel = isChannelOf(known, entities)
    for (const entity of entities.filter(({ kind }) => kind === 'numeric' || kind === 'toggle')) {
      found.set(`${device}/${entity.id}`, isChannel ? channelPoint(device, entity, nameOf) : devicePoint(device, entity, known))
    }
  }
  return [...found.values()].sort((a, b) => Number(b.channel) - Number(a.channel) || Number(b.measured) - Number(a.measured))
}

/** Without a choice: voltage, current and temperature of the first channel, else the first measured values. */
export function firstPoints(points: HistoryPoint[], device = ''): string[] {
  const own = device ? points.filter((point) => point.device === device && point.measured) : points.filter((point) => point.measured)
  const usual = own.filter((point) => point.channel && point.device === own[0]?.device && ['voltage', 'current', 'temp'].includes(point.entity))
  return (usual.length ? usual : own).slice(0, usual.length ? 3 : 4).map(pointKey)
}

export function colourOf(point: HistoryPoint, place: number): string {
  return (point.channel && OWN[point.entity]) || PALETTE[place % PALETTE.length] || '--s1'
}

export const sessionColour = (place: number) => PALETTE[place % PALETTE.length] ?? '--s1'

/** Name, notes, conditions and tags in one string to search in. */
export function sessionText(session: Session): string {
  const conditions = Object.entries(session.conditions ?? {}).flat().map(String)
  return [session.name, session.notes, ...conditions, ...(session.tags ?? [])].join(' ').toLowerCase()
}

/** All words must be found, in any order. */
export function fits(session: Session, words: string, tag: string): boolean {
  const text = sessionText(session)
  return (!tag || (session.tags ?? []).includes(tag)) && words.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}
