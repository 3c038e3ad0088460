/** Server paths of the past by time. */
import type { Alarm } from './alarmTypes'
import { address, request } from './client'
import type { SampleTuple } from './socket'
import type { Run, Scalar, Session } from './types'

const active = '/api/projects/active'

export interface Firing {
  rule: string
  timestamp: number
  trigger: string
  outcome: string
}

/** All that stood at a time. */
export interface PastMoment {
  at: number
  session: Session | null
  values: Record<string, SampleTuple>
  alarms: Alarm[]
  runs: Run[]
  firings: Firing[]
}

/** Values of many moments in a row; `frames` names the row of each, -1 before the first. */
export interface Frames {
  start: number
  step: number
  count: number
  devices: { device: string; entities: string[]; rows: [time: number, alarm: string, ...values: Scalar[]][]; frames: number[] }[]
}

export const playbackApi = {
  moment: (at: number, signal?: AbortSignal) => request<PastMoment>('GET', address(`${active}/moment`, { at }), { signal }),
  frames: (session: number, start: number, step: number, count: number, signal?: AbortSignal) => request<Frames>('GET', address(`${active}/frames`, { session_id: session, start, step, count }), { signal }),
}
