/** What happened in a recording besides the curves: markers, steps of runs, alarms. */
import type { AlarmTransition } from '@/api/alarmTypes'
import type { RecordedDevice } from '@/api/recordings'
import type { Marker, RunStep, Session } from '@/api/types'
import type { ChartMarker } from '@/kit/chart/markers'
import type { ChartRegion } from '@/kit/chart/regions'
import { stepName, type Story } from './align'

export interface AlarmSpan {
  key: string
  text: string
  severity: string
  start: number
  end: number | null
}

export interface WholeStory extends Story {
  markers: Marker[]
  steps: RunStep[]
  alarms: AlarmSpan[]
  recorded: RecordedDevice[]
}

export const endOf = (session: Session, now: number) => session.stopped ?? now

/** Transitions, in any order, as the times an alarm was active. */
export function alarmSpans(transitions: AlarmTransition[]): AlarmSpan[] {
  const spans: AlarmSpan[] = []
  for (const item of [...transitions].sort((a, b) => a.timestamp - b.timestamp)) {
    const open = spans.find((span) => span.key === item.key && span.end === null)
    if (item.transition === 'raised' && !open) spans.push({ key: item.key, text: item.text, severity: item.severity, start: item.timestamp, end: null })
    else if (item.transition === 'cleared' && open) open.end = item.timestamp
  }
  return spans
}

const SEVERITY_COLOUR: Record<string, string> = { critical: '--bad', warning: '--warn', info: '--accent' }
export const severityColour = (severity: string) => SEVERITY_COLOUR[severity] ?? '--warn'

/** Markers that are moments. */
export function markerLines(markers: Marker[], zero: number): ChartMarker[] {
  return markers.filter((marker) => !marker.ends).map((marker) => ({ t: marker.timestamp - zero, label: marker.label, color: marker.color }))
}

export function regionBands(markers: Marker[], zero: number): ChartRegion[] {
  return markers.flatMap(({ timestamp, ends, label, color }) => (ends ? [{ start: timestamp - zero, end: ends - zero, label, color: color ?? '--warn' }] : []))
}

export function alarmBands(alarms: AlarmSpan[], zero: number, end: number): ChartRegion[] {
  return alarms.map((alarm) => ({ start: alarm.start - zero, end: (alarm.end ?? end) - zero, label: `⚠ ${alarm.text}`, color: severityColour(alarm.severity) }))
}

export function stepRegions(steps: RunStep[], zero: number, end: number, colour: (kind: string) => string): ChartRegion[] {
  return steps.map((step) => ({ start: step.started - zero, end: (step.ended ?? end) - zero, label: stepName(step), color: colour(step.kind) }))
}

/** Something one can go to. */
export interface Moment {
  kind: 'marker' | 'region' | 'step' | 'alarm'
  at: number
  end: number | null
  text: string
  color: string | null
  marker?: Marker
  severity?: string
}

/** All that happened, by time. */
export function momentsOf(story: Pick<WholeStory, 'markers' | 'steps' | 'alarms'>, colour: (kind: string) => string): Moment[] {
  const found: Moment[] = [
    ...story.markers.map((marker): Moment => ({ kind: marker.ends ? 'region' : 'marker', at: marker.timestamp, end: marker.ends ?? null, text: marker.label, color: marker.color, marker })),
    ...story.steps.map((step): Moment => ({ kind: 'step', at: step.started, end: step.ended, text: stepName(step), color: colour(step.kind) })),
    ...story.alarms.map((alarm): Moment => ({ kind: 'alarm', at: alarm.start, end: alarm.end, text: alarm.text, color: severityColour(alarm.severity), severity: alarm.severity })),
  ]
  return found.sort((a, b) => a.at - b.at)
}
