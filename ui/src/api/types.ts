/** Shapes of the server's JSON. Times are Unix seconds (float, UTC). */
import type { Alarm } from './alarmTypes'

export interface Items<T> {
  items: T[]
  total: number
}

export type Severity = 'info' | 'warning' | 'critical'
export type Mode = 'simulate' | 'shadow' | 'armed'

export interface Finding {
  code: string
  message: string
  hint?: string | null
  file?: string | null
  line?: number | null
  column?: number | null
  path?: string | null
  /** Values the message names. */
  args?: Record<string, unknown>
  severity: 'error' | 'warning' | 'info'
}

export interface Project {
  id: number | string
  slug: string
  name: string
  description: string
  created: number
  last_opened: number | null
  is_open: boolean
  shipped: boolean
  mode: Mode
}

export interface Session {
  id: number
  name: string
  created: number
  stopped: number | null
  status: 'running' | 'completed' | 'interrupted'
  conditions: Record<string, unknown>
  notes: string
  tags: string[]
  keep: boolean
  rows?: number
}

export interface ExportRow {
  id: number
  created: number
  session_id: number
  format: string
  filename: string
  device_id: string | null
  size: number
}

export interface Marker {
  id: number
  timestamp: number
  /** Of a region; null: a moment. */
  ends: number | null
  session_id: number | null
  device_id: string | null
  label: string
  color: string | null
  notes: string
}

export type Quality = 'good' | 'unsure' | 'bad' | 'stale' | 'unconfirmed'
export type AlarmState = 'NORMAL' | 'LO' | 'LOLO' | 'HI' | 'HIHI'
export type Scalar = number | string | boolean | null

export interface Value {
  value: Scalar
  unit?: string | null
  quality: Quality
  timestamp: number
  alarm_state: AlarmState
  reason?: string | null
}

export interface Entity {
  id: string
  name: string
  kind: 'numeric' | 'toggle' | 'enum' | 'bitmask' | 'text' | 'action'
  unit: string | null
  access: 'RO' | 'RW' | 'WO'
  precision: number | null
  min: number | null
  max: number | null
  step: number | null
  options: { key: string; label: string }[] | null
  bits: { bit: number; label: string }[] | null
  group: string | null
  role: string | null
  danger: boolean
  /** How the output is left when all goes off: the action alone, or with its place in the order and its value. */
  safe?: string | SafeState | null
}

export interface SafeState {
  action: string
  value?: Scalar
  order?: number | null
}

export type DeviceState = 'disabled' | 'connecting' | 'online' | 'degraded' | 'offline' | 'error'

export interface Device {
  id: string
  driver: string
  category: string
  icon: string
  alias: string | null
  color: string | null
  location: string | null
  description: string | null
  enabled: boolean
  auto_start: boolean
  state: DeviceState
  hint: string | null
  /** Unix time of the next try to connect, while the link is lost. */
  retry_at?: number | null
  /** The link was lost while writing was possible: writes wait for a person. */
  needs_rearm?: boolean
  /** Whether the outputs go off even when the server process dies. */
  guarded?: { ok: boolean; reason: string } | null
  /** The instrument switches itself off when it hears nothing for so long; null: it has no watchdog. */
  watchdog_s?: number | null
  /** What its configuration says; null: the usual time. */
  watchdog_wish_s?: number | null
  logging?: Record<string, unknown>
  on_comm_loss?: 'safe' | 'hold'
  safe_group?: string
  /** Something a person should know about the device now. */
  note?: string
  transport: Record<string, unknown>
  framing?: Record<string, unknown> | null
  params?: Record<string, unknown>
  polling_interval_ms: number | null
  entities: Entity[]
  values: Record<string, Value>
  counters: Record<string, number>
}

export interface Outcome {
  kind: 'done' | 'unconfirmed' | 'shadowed'
  requested: Scalar
  sent: Scalar
  read_back: Scalar
}

export interface Driver {
  name: string
  category: string
  icon: string
  description: string
  version: string
  aliases?: string[]
  transports?: string[]
  simulated: boolean
  shipped?: boolean
  /** False: somebody must read it and trust its hash before it loads. */
  trusted?: boolean
  /** Why it cannot be used; empty when it can. */
  error?: string
}

export interface DriverTrust {
  name: string
  path: string
  hash: string
  trusted: boolean
  diff: string
}

/** One way to reach a device, with its defaults. */
export interface Blueprint {
  transport: string
  framing: string
  transport_params: Record<string, unknown>
  framing_params: Record<string, unknown>
}

export interface DriverBlueprint {
  driver: string
  blueprints: Blueprint[]
  /** JSON Schema of the driver's parameters. */
  parameters: Record<string, unknown>
}

/** What makes a device, as it stands in the project's list. */
export interface DeviceConfig {
  id: string
  driver: string
  alias: string
  icon: string
  color: string
  location: string
  description: string
  enabled: boolean
  auto_start: boolean
  polling_interval_ms: number
  transport: Record<string, unknown>
  framing?: Record<string, unknown>
  params: Record<string, unknown>
  on_comm_loss?: unknown
  safe_group?: unknown
  watchdog_s?: unknown
  logging?: unknown
}

export interface SerialPort {
  port: string
  description: string | null
  manufacturer: string | null
  vid: number | string | null
  pid: number | string | null
  serial_number: string | null
  /** Chip behind the port, if known, and what it often is. */
  known: string | null
  often?: string | null
  /** The device that holds the port. */
  in_use: string | null
  hint: string | null
}

export interface SerialPorts {
  items: SerialPort[]
  help: string | null
}

export interface PortTest {
  ok: boolean
  message: string
  hint?: string | null
}

export interface TcpProbe {
  host: string
  port: number
  open: boolean
  service: string | null
  latency_ms: number | null
  in_use: string | null
  message: string | null
  hint: string | null
}

/** Ports that are known, and the network a scan looks at. */
export interface TcpPorts {
  items: { port: number; service: string; drivers: string[]; scan: boolean }[]
  subnet: string
}

export interface TcpHit {
  host: string
  port: number
  service: string | null
  latency_ms: number | null
  in_use?: string | null
}

export interface TcpScan {
  id: string
  state: 'running' | 'done' | 'failed' | 'cancelled'
  done: number
  total: number
  hits: TcpHit[]
  error?: string | null
}

export interface VisaInstrument {
  resource: string
  manufacturer: string | null
  model: string | null
  serial: string | null
  firmware: string | null
  in_use?: string | null
  hint?: string | null
}

/** `available` is false when VISA itself is missing; message and hint say what to install. */
export interface VisaInstruments {
  items: VisaInstrument[]
  available?: boolean
  message?: string
  hint?: string
}

export interface ProbeRequest {
  driver: string
  transport_type: string
  transport_params: Record<string, unknown>
  framing_type?: string
  framing_params?: Record<string, unknown>
  params: Record<string, unknown>
}

export interface ProbeStep {
  id: string
  message: string
  /** Null: not reached. */
  ok: boolean | null
  detail: string | null
  hint: string | null
  duration_ms: number | null
}

export interface ProbeResult {
  success: boolean
  steps: ProbeStep[]
  first_values: Record<string, { value: Scalar; unit: string | null; quality?: Quality; reason?: string }>
  /** What the device says it is. */
  identity?: Record<string, string>
  error: { code: string; message: string; hint: string } | null
  duration_ms: number
}

export type InterlockState = 'ok' | 'tripped' | 'unknown' | 'shelved'

/** A condition that must not be, whoever writes. */
export interface Interlock {
  id: string
  /** The condition as written. */
  text: string
  /** Unknown counts as tripped. */
  state: InterlockState
  since: number | null
  /** Devices or points that take no write but their safe state; empty: all. */
  deny: string[]
  /** Devices driven to their safe state. */
  safe: string[]
  message: string
  line?: number
  values: RuleLeaf[]
  shelved_until: number | null
  shelved_by: string
  shelved_for?: string
}

export interface Interlocks {
  items: Interlock[]
  source: string
  revision: string
  /** False: the file on disk is another than what is in force. */
  in_force: boolean
  findings: Finding[]
}

export interface SeriesData {
  /** Stamps of this entity alone; without them those of the whole answer hold. */
  t?: number[]
  v?: (number | null)[]
  min?: (number | null)[]
  max?: (number | null)[]
  avg?: (number | null)[]
}

export interface History {
  device: string
  start: number
  end: number
  resolution_s: number
  t: number[]
  series: Record<string, SeriesData>
}

export interface OutlineStep {
  id: string
  name: string | null
  kind: string
  sentence: string
  /** Conditions that end the step, as text. */
  until?: string[]
  enabled?: boolean
  line: number
  children?: OutlineStep[]
}

export interface OutlineRule {
  id: string
  title: string | null
  sentence: string
  scope: string
  /** Steps during which a rule of a run is at work; empty: all. */
  during?: string[]
  enabled: boolean
  line: number
}

export interface FlowParameter {
  name: string
  default: number | string | null
  min: number | string | null
  max: number | string | null
  unit: string | null
  help?: string
}

export interface Outline {
  title: string
  channel: string | null
  cell: string | null
  parameters: FlowParameter[]
  limits: { id: string; text: string }[]
  steps: OutlineStep[]
  finally?: OutlineStep[]
  rules: OutlineRule[]
}

export interface RuleLeaf {
  text: string
  value: Scalar
  unit: string | null
}

/** One action of a rule with the file's switch and the one at run time. */
export interface RuleAction {
  place: string
  verb: string
  sentence: string
  enabled: boolean
  runtime_enabled: boolean
}

/** A rule at work; its id is `flow/rule`. */
export interface Rule {
  id: string
  title: string
  flow: string
  scope: string
  enabled: boolean
  runtime_enabled: boolean
  suspended: string | null
  last_fired: number | null
  fired: number
  evaluations: number
  state: 'idle' | 'pending' | 'running'
  actions?: RuleAction[]
  why: { result: boolean | null; leaves: RuleLeaf[] }
}

export interface FlowItem {
  id: string
  title: string
  scope: 'project' | 'server'
  file: string
  revision: string
  kinds: string[]
  ok: boolean
  findings: Finding[]
  running: boolean
  rules: number
  steps: number
}

export interface FlowCheck {
  ok: boolean
  findings: Finding[]
  outline: Outline | null
}

export interface Flow extends FlowCheck {
  id: string
  scope: 'project' | 'server'
  file: string
  text: string
  revision: string
  /** Hash of what the text means; null when it cannot be read. */
  logic: string | null
  deployed_revision: string | null
  /** Who let it drive outputs by itself after a start; not valid once the text has changed. */
  start_armed?: { by: string; valid: boolean } | null
  /** Of a save that was to make one. */
  commit?: { id: string | null; error: string }
}

/** What a person accepted for one text of a channel file. */
export interface Acceptance {
  by: string
  note?: string
}

/** Devices and points of a channel. */
export interface ChannelWiring {
  source: string | null
  sink: string | null
  voltage?: { source: string | null } | null
  current?: { source: string | null; charge?: string | null; discharge?: string | null } | null
  temp?: { source: string | null } | null
}

/** Supply, load and meters that are wired to one cell. */
export interface Channel {
  id: string
  title: string
  hash: string
  findings: Finding[]
  wiring: ChannelWiring | null
  open: boolean
  asked: string[]
  accepted: Record<string, Acceptance>
  simulated: boolean
}

/** An older version of a text that is edited. */
export interface TextVersion {
  version: string
  source: 'git' | 'saved'
  /** Of the commit; empty for what was saved here. */
  id: string
  time: number
  author: string
  message: string
  revision: string
  current: boolean
  /** It is what works; only flows know. */
  live?: boolean
}

/** A cell type: its file as flows name it, and its figures; null where the file cannot be read. */
export interface CellType {
  id: string
  title: string | null
  chemistry: string | null
  /** In Ah. */
  capacity: number | null
  findings: Finding[]
}

/** A piece of a text that two sides changed; all pieces in their order are the whole. */
export interface Stretch {
  /** `both`: the same change; `clash`: different ones. */
  origin: 'same' | 'mine' | 'theirs' | 'both' | 'clash'
  base: string
  mine: string
  theirs: string
}

/** A draft and the file as it is now; the same comes with a save that was refused. */
export interface PutTogether {
  current_revision: string
  current_text: string
  /** The text the draft started from; null when nobody knows it any more. */
  base: string | null
  stretches: Stretch[]
}

export interface TextHistory extends Items<TextVersion> {
  /** A save can make a commit. */
  git: boolean
}

export interface ScriptItem {
  name: string
  revision: string
  lines: number
  native: boolean
}

export interface Script extends FindingsOf {
  name: string
  text: string
  revision: string
  native: boolean
}

export interface SavedScript extends Script {
  commit?: { id: string | null; error: string }
}

/** What a script did on virtual devices; `at` is virtual time since its first line, in seconds. */
export interface ScriptTrial {
  state: 'done' | 'failed' | 'stopped'
  ended_by: string
  message: string
  line: number
  duration_s: number
  calls: number
  output: { at: number; stream: ScriptLine['stream']; text: string }[]
  dropped: number
  writes: TrialWrite[]
  events: { at: number; kind: string; text: string }[]
  truncated: boolean
}

export interface TrialWrite {
  at: number
  point: string
  value: Scalar
  ok: boolean
  outcome: string
  sent?: Scalar | null
  read_back?: Scalar | null
  code?: string
  message?: string
}

export interface FindingsOf {
  ok: boolean
  findings: Finding[]
}

export interface ScriptLine {
  t: number
  stream: 'stdout' | 'stderr'
  text: string
}

export interface ScriptRun {
  id: string
  script: string
  revision: string
  state: 'running' | 'done' | 'failed' | 'stopped' | 'interrupted'
  started: number | null
  ended: number | null
  ended_by: string
  message: string
  line: number | null
  actor: string
  parameters: Record<string, Scalar>
  safe: string[]
  safe_result: { device?: string; ok?: boolean; detail?: string }[]
  dropped: number
  output?: ScriptLine[]
}

/** What a person reads before code from outside is run. */
export interface ContentTrust {
  hash: string
  trusted: boolean
  diff: string
}

export type RunState = 'queued' | 'starting' | 'running' | 'paused' | 'held' | 'stopping' | 'finished'
export type Verdict = 'not_set' | 'pass' | 'inconclusive' | 'fail' | 'aborted' | 'error'

export interface RunLive {
  voltage?: number | null
  current?: number | null
  power?: number | null
  temp?: number | null
  step_ah?: number | null
  step_wh?: number | null
  cycle?: number | null
  step_time_s?: number | null
  next_end?: { text: string; actual: number | null; limit: number | null; fraction: number | null } | null
}

export interface RunLimit {
  quantity: string
  value: number | string
  unit: string | null
  origin: string
  /** Seconds from the violation to outputs that are proven off, at worst. */
  reaction_s?: number | null
}

/** Something looked at before the outputs went on. */
export interface RunCheck {
  name: string
  /** Null: worth saying, but no reason to refuse. */
  ok: boolean | null
  value: Scalar
  text: string
  code?: string
  hint?: string
}

/** What a start would find. */
export interface RunPreview {
  sequence: string
  ok: boolean
  refusals: { code: string; message: string; hint?: string | null; args?: Record<string, unknown> }[]
  findings: Finding[]
  limits: RunLimit[]
  checks: RunCheck[]
  duration_s: number | null
}

/** A question a run asks a person. */
export interface RunPrompt {
  step: string
  text: string
  kind: 'confirm' | 'choice' | 'value'
  choices: string[]
  unit: string | null
  min: number | null
  max: number | null
  since: number
  timeout_s: number | null
}

/** Why a run waits for a person after a power loss. */
export interface RunHeld {
  since: number
  reason: string
  from: number | null
  outputs: 'off' | 'unknown'
  unknown_step: string
  refused: string
}

export interface RunGap {
  from: number
  to: number
  seconds: number
  outputs: string
}

export interface RunResumed {
  at: number
  by: string
  gap_s: number
  delta_v: number | null
  step: string
}

/** A protection of an instrument that was set for the run, and what the instrument made of it. */
export interface RunProtection {
  name: string
  point: string
  wanted: number
  achieved: number | null
  note: string
}

export interface Run {
  id: number | string
  sequence: string
  title: string
  flow_revision: string
  state: RunState
  verdict: Verdict
  started: number | null
  ended: number | null
  session_id: number | null
  parameters: Record<string, Scalar>
  bindings: Record<string, string>
  conditions: Record<string, unknown>
  step_path: string[]
  step_id: string | null
  step_title: string | null
  phase: string | null
  progress: number | null
  eta_s: number | null
  message: string | null
  limits: RunLimit[]
  checks?: RunCheck[]
  protections?: RunProtection[]
  ended_by?: string
  live: RunLive | null
  branches?: string[][]
  prompts?: RunPrompt[]
  held?: RunHeld | null
  gaps?: RunGap[]
  resumed?: RunResumed[]
}

export interface RunMeasure {
  name: string
  value: number | null
  unit: string
  text: string
  verdict: Verdict
}

/** A resistance from a jump of the current. */
export interface RunDcir {
  direction: string
  current: number
  at_s: number
  ohm: number | null
  reason?: string
}

export interface RunStep {
  index: number
  step_id: string
  title: string
  kind: string
  cycle: number
  started: number
  ended: number | null
  duration_s: number
  ended_by: string | null
  end_value: number | null
  charge_ah: number | null
  discharge_ah: number | null
  ah: number | null
  wh: number | null
  v_start: number | null
  v_end: number | null
  t_max: number | null
  cv_share: number | null
  verdict: Verdict
  phases: { name: string; start: number; end: number | null }[]
  measures?: RunMeasure[]
  dcir?: RunDcir[]
  answer?: { value: Scalar; text: string; by: string }
  /** Uncertainty of figures by their name, k = 2. */
  u?: Record<string, number>
  warnings?: string[]
}

export interface RunCycle {
  cycle: number
  charge_ah: number | null
  discharge_ah: number | null
  charge_wh: number | null
  discharge_wh: number | null
  ce: number | null
  ee: number | null
  mean_v_charge: number | null
  mean_v_discharge: number | null
  cv_share: number | null
  t_max: number | null
  duration_s: number | null
  partial: boolean
  note: string | null
  ce_state?: string
  ce_text?: string
  u?: Record<string, number>
}

export interface RunCurve {
  t: number[]
  voltage: SeriesData
  current: SeriesData
  temp: SeriesData
}

export interface RunRequest {
  sequence: string
  bindings?: Record<string, string>
  parameters?: Record<string, Scalar>
  session?: { name?: string }
  conditions?: Record<string, string>
  preflight?: string
  queue?: boolean
}

export interface PreflightRequest {
  sequence: string
  bindings?: Record<string, string>
  parameters?: Record<string, Scalar>
  soc?: number
  /** A draft in place of the saved flow. */
  text?: string
}

/** A test in the server's worker process: back-test, simulation or prediction. */
export interface Job<R> {
  id: string
  kind: string
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  progress: number
  message: string
  error: { code: string; message: string; hint?: string } | null
  result: R | null
}

export interface PredictedStep {
  step_id: string
  title: string
  kind: string
  cycle: number
  start_s: number
  end_s: number
  duration_s: number
  ah: number | null
  ended_by: string
  verdict: Verdict
}

export interface PredictionFinding {
  code: string
  severity: 'error' | 'warning' | 'info'
  message: string
  hint: string
  step: string
  args: Record<string, unknown>
  times: number
}

export interface Prediction {
  outcome: 'finished' | 'unfinished' | 'refused'
  verdict: Verdict
  start: { soc: number; source: 'given' | 'measured' | 'assumed'; voltage: number }
  duration_s: number
  energy: { in_wh: number; out_wh: number; in_ah: number; out_ah: number; mains_wh: number }
  peaks: Record<string, number | null>
  limits: RunLimit[]
  steps: PredictedStep[]
  curve: { t: number[]; voltage: (number | null)[]; current: (number | null)[]; temp: (number | null)[] }
  findings: PredictionFinding[]
  /** Firings of rules; predictions kept with older runs have none. */
  fired?: { at: number; rule: string; outcome: string }[]
}

export type { Alarm, AlarmLife } from './alarmTypes'

export interface PanicResult {
  device: string
  ok: boolean
  proven: boolean
  detail: string
}

export interface Latch {
  pressed: boolean
  since?: number | null
  by?: string | null
  reason?: string | null
  results?: PanicResult[]
  /** How far the second stage is: links of devices proven off are closed. */
  links?: PanicLinks
}

export interface PanicLinks {
  stage: 'open' | 'closing' | 'closed'
  closes_in_s: number | null
  closed: string[]
}

export interface ModeInfo {
  mode: Mode
  armed_by: string | null
}

export interface ClockInfo {
  virtual: boolean
  speed: number | null
  now: number
}

export interface Snapshot {
  project: Project | null
  mode: ModeInfo
  latch: Latch
  session: Session | null
  devices: Device[]
  alarms: Alarm[]
  runs: Run[]
  script_runs?: ScriptRun[]
  clock: ClockInfo
  /** Wired channels of the project, if the server tells them. */
  channels?: { id: string; title?: string }[]
}
