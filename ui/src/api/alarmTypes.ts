/** What the alarm part of the server answers. */
import type { Finding, Scalar, Severity } from './types'

export type AlarmLife = 'active_unacked' | 'active_acked' | 'cleared_unacked' | 'latched' | 'normal'
/** A cover over an alarm; its state goes on underneath. */
export type AlarmOverlay = '' | 'shelved' | 'suppressed' | 'out_of_service'

export interface Alarm {
  id: number
  key: string
  timestamp: number
  session_id?: number | null
  device_id: string | null
  entity_id: string | null
  source: string
  severity: Severity
  text: string
  state: AlarmLife
  old_state?: string | null
  new_state: string | null
  value: Scalar
  acknowledged: boolean
  ack_time: number | null
  ack_by: string | null
  comment: string | null
  /** Raised while nothing else was for a while. */
  first?: boolean
  /** Not worth a look of its own: its device is offline, for example. */
  hidden?: boolean
  /** How often it came since it was raised. */
  count?: number
  priority?: number | string | null
  guidance?: string | null
  overlay?: AlarmOverlay | null
  overlay_reason?: string | null
  overlay_by?: string | null
  shelved_until?: number | null
  latching?: boolean
  /** It comes and goes so fast that it is held and counted. */
  chattering?: boolean
  labels?: Record<string, string>
}

export interface AlarmTransition extends Alarm {
  transition: string
  actor: string | null
  cause: string | null
  /** Of the row that raised the alarm; `id` and `timestamp` are of the transition. */
  alarm_id?: number
  since?: number | null
}

export interface AlarmCounts {
  active: number
  unacked: number
  shelved?: number
}

export interface AlarmList<T = Alarm> {
  items: T[]
  total: number
  counts?: AlarmCounts
}

export interface Counted {
  key: string
  text: string
  count: number
}

export interface AlarmQuality {
  rate_per_10min: number
  floods: { from: number; to: number; count: number }[]
  chattering: Counted[]
  standing: { key: string; text: string; since: number }[]
  mean_time_to_ack: number | null
  mean_time_to_clear: number | null
  /** Raised in these days. */
  alarms?: number
  per_priority: Record<string, number>
  /** Alarms raised in each interval, if the server tells. */
  series?: { t: number[]; count: number[] }
}

export interface AlarmRoute {
  /** The way from the root, as people read it. */
  path?: string[]
  receiver?: string | null
  matchers?: string[]
  continue?: boolean
  group_by?: string[] | null
  group_wait?: string | number | null
  group_interval?: string | number | null
  repeat_interval?: string | number | null
  mute_time_intervals?: string[]
  active_time_intervals?: string[]
  escalate?: unknown[]
  routes?: AlarmRoute[]
  line?: number | null
}

/** A text that is put in force as a whole, or not at all. */
export interface AlarmFile {
  file: string
  text: string
  etag: string
  findings: Finding[]
  in_force: boolean
}

/** One thing a definition watches, with all that holds for it. */
export interface AlarmWatch {
  word: string
  source: string
  shown: string
  unit: string
  /** The limit itself, in the unit of the point. */
  at?: number | null
  severity: Severity
  priority: number | null
  on_delay_s: number
  off_delay_s: number
  count: number
  within_s: number
  realarm_s: number
  latching: boolean
  active_when: string
  guidance: string
}

export interface AlarmDefinition {
  key: string
  point: string
  line: number
  watches: AlarmWatch[]
  guidance: string
}

/** Limits that come with a driver; `replaced` by the file or in force. */
export interface DriverLimits {
  key: string
  point: string
  unit: string
  lolo?: number | null
  lo?: number | null
  hi?: number | null
  hihi?: number | null
  deadband?: number | null
  replaced: boolean
}

export interface AlarmDefinitions extends AlarmFile {
  items: AlarmDefinition[]
  defaults?: DriverLimits[]
}

export interface AlarmRouting extends AlarmFile {
  tree: AlarmRoute | null
  receivers: (string | { name: string })[]
  problems?: string[]
  inhibit_rules?: unknown[]
  time_intervals?: Record<string, unknown>
}

export interface EscalationStep {
  after: string | number
  to?: string
  receiver?: string
}

export interface AlarmWay {
  receiver: string
  path: string[]
  line?: number
  matched: string[]
  group_by?: string[]
  group_wait?: string | number
  group_interval?: string | number
  repeat_interval?: string | number
  muted?: boolean
  inhibited_by?: string | string[] | null
  silenced_by?: string | number | (string | number)[] | null
  escalate?: (EscalationStep | string)[]
  reasons: string[]
}

export interface RoutingTest {
  labels: Record<string, string>
  ways: AlarmWay[]
  not_taken: { path: string[]; reason: string; line?: number }[]
}

export type RoutingQuestion = { labels: Record<string, string>; at?: number } | { alarm: string; at?: number }

export interface Silence {
  id: string | number
  matchers: string[]
  starts: number
  ends: number
  by: string
  comment: string
  ended_by?: string
  state: 'pending' | 'active' | 'expired'
}

/** Until when: a time, or minutes from now. */
export interface NewSilence {
  matchers: string[]
  comment: string
  ends?: number
  minutes?: number
}

export type MessageState = 'queued' | 'sent' | 'retrying' | 'failed'

export interface OutboxItem {
  id: number
  key: string
  receiver: string
  channel: string
  title: string
  message: string
  status?: string
  severity?: Severity
  state: MessageState
  attempts: number
  error: string | null
  created: number
  next_try: number | null
  sent: number | null
  alarms: string[]
}

export interface DeliveryPath {
  receiver: string
  channel?: string
  ok: boolean
  since: number | null
  error: string | null
  last_sent?: number | null
  waiting?: number
}

export interface Outbox {
  items: OutboxItem[]
  counts: Partial<Record<MessageState, number>>
  paths: DeliveryPath[]
}

export interface Receiver {
  name: string
  channels: { kind: string; address: string }[]
  ok: boolean | null
  last_sent: number | null
  last_error: string | null
  /** Who is told what this one could not be told. */
  fallback?: string
}

/** A message that routing sends to open pages. */
export interface PageMessage {
  key: string
  receiver: string
  status: string
  severity: Severity
  title: string
  message: string
  sound?: boolean
  desktop?: boolean
}

export interface ReceiverTest {
  results: { channel: string; address?: string; ok: boolean; error: string | null; ms: number }[]
}
