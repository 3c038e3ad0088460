/** What the server sends over the WebSocket. */
import type { AlarmState, Quality, Scalar, Snapshot } from './types'

export type SampleTuple = [value: Scalar, timestamp: number, quality: Quality, alarm: AlarmState]

export interface Hello {
  type: 'hello'
  protocol: number
  epoch: string
  seq: number
  snapshot: Snapshot
}

export interface EventFrame {
  type: 'event' | 'system_event'
  seq: number
  event: string
  payload: unknown
}

interface SamplesFrame {
  type: 'samples'
  id: string
  t: number
  values: Record<string, SampleTuple>
}

interface OtherFrame {
  type: 'pong' | 'error'
  code?: string
  message?: string
}

export type Frame = Hello | EventFrame | SamplesFrame | OtherFrame
