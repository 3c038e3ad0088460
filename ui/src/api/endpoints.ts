/** Server paths, typed; those of one part of the UI alone have a file of their own beside this. */
import { address, http } from './client'
import type { MarkerDraft, SessionChange, SessionEntry } from './recordings'
import type { Backtest, BacktestRequest, DryRun, RuleAct, RuleAnswer, RuleState, RuleTrace, Variable } from './rules'
import type {
  CellType,
  Channel,
  ClockInfo,
  ContentTrust,
  Device,
  DeviceConfig,
  Driver,
  DriverBlueprint,
  DriverTrust,
  ExportRow,
  FindingsOf,
  Flow,
  FlowCheck,
  FlowItem,
  Interlock,
  Interlocks,
  Items,
  Job,
  Latch,
  Marker,
  Mode,
  ModeInfo,
  Outcome,
  PortTest,
  Prediction,
  PreflightRequest,
  Project,
  PutTogether,
  Run,
  RunCurve,
  RunCycle,
  RunPreview,
  RunRequest,
  RunStep,
  SavedScript,
  Scalar,
  Script,
  ScriptItem,
  ScriptRun,
  ScriptTrial,
  SerialPorts,
  Session,
  TcpPorts,
  TcpProbe,
  TcpScan,
  TextHistory,
  TextVersion,
  VisaInstruments,
} from './types'

const seg = encodeURIComponent
const active = '/api/projects/active'

export const projectsApi = {
  list: () => http.get<Items<Project>>('/api/projects'),
  create: (name: string, description: string) => http.post<Project>('/api/projects', { name, description }),
  open: (id: Project['id']) => http.post<Project>(`/api/projects/${seg(id)}/open`),
  duplicate: (id: Project['id'], name: string) => http.post<Project>(`/api/projects/${seg(id)}/duplicate`, { name }),
  close: () => http.post<unknown>(`${active}/close`),
  /** Pace of simulated time; null is as fast as possible. */
  speed: (speed: number | null) => http.post<ClockInfo>(`${active}/speed`, { speed }),
}

export const sessionsApi = {
  /** Newest first. */
  list: (query: { limit?: number; offset?: number } = {}) => http.get<Items<Session>>(`${active}/sessions`, query),
  start: (entry: SessionEntry) => http.post<Session>(`${active}/sessions/start`, entry),
  stop: () => http.post<Session>(`${active}/sessions/stop`),
  change: (id: number, change: SessionChange) => http.patch<Session>(`${active}/sessions/${id}`, change),
  remove: (id: number) => http.delete<void>(`${active}/sessions/${id}`),
}

export const exportsApi = {
  list: () => http.get<Items<ExportRow>>(`${active}/exports`),
  remove: (id: number) => http.delete<void>(`${active}/exports/${id}`),
  href: (id: number) => `${active}/exports/${id}`,
}

export const markersApi = {
  list: (query: { session_id?: number; limit?: number } = {}) => http.get<Items<Marker>>(`${active}/markers`, query),
  add: (draft: MarkerDraft) => http.post<Marker>(`${active}/markers`, draft),
  change: (id: number, draft: Partial<MarkerDraft>) => http.patch<Marker>(`${active}/markers/${id}`, draft),
  remove: (id: number) => http.delete<void>(`${active}/markers/${id}`),
}

/** What stands beside a value that is written: the answer to a question of the server. */
export interface WriteConsent {
  confirm?: string
  take_over?: boolean
}

export const devicesApi = {
  add: (config: DeviceConfig) => http.post<Device>('/api/devices', config),
  replace: (id: string, config: DeviceConfig) => http.put<Device>(`/api/devices/${seg(id)}`, config),
  remove: (id: string) => http.delete<void>(`/api/devices/${seg(id)}`),
  enable: (id: string, enabled: boolean) => http.patch<Device>(`/api/devices/${seg(id)}/enabled`, { enabled }),
  act: (id: string, action: 'connect' | 'disconnect' | 'rearm') => http.post<Device>(`/api/devices/${seg(id)}/${action}`),
  write: (id: string, entity: string, value: Scalar, consent: WriteConsent = {}) =>
    http.put<Outcome>(`/api/devices/${seg(id)}/entities/${seg(entity)}`, { value, ...consent }),
}

const driverPath = (name: string) => `/api/config/drivers/${seg(name)}`
export const driversApi = {
  list: () => http.get<Items<Driver>>('/api/config/drivers'),
  blueprint: (name: string) => http.get<DriverBlueprint>(`${driverPath(name)}/blueprint`),
  trust: (name: string) => http.get<DriverTrust>(`${driverPath(name)}/trust`),
  setTrusted: (name: string, hash: string) => http.post<DriverTrust>(`${driverPath(name)}/trust`, { hash }),
}

const inventory = '/api/inventory'
export const inventoryApi = {
  serial: () => http.get<SerialPorts>(`${inventory}/serial`),
  testSerial: (port: string, baudrate: number) => http.post<PortTest>(`${inventory}/serial/test`, { port, baudrate }),
  tcpProbe: (host: string, port: number) => http.get<TcpProbe>(`${inventory}/tcp/probe`, { host, port }),
  scan: (body: { subnet?: string; ports?: number[] }) => http.post<TcpScan>(`${inventory}/tcp/scan`, body),
  tcpPorts: () => http.get<TcpPorts>(`${inventory}/tcp`),
  endScan: (id: string) => http.delete<void>(`${inventory}/tcp/scan/${seg(id)}`),
  scanState: (id: string) => http.get<TcpScan>(`${inventory}/tcp/scan/${seg(id)}`),
  visa: () => http.get<VisaInstruments>(`${inventory}/visa`),
}

export const interlocksApi = {
  list: () => http.get<Interlocks>('/api/interlocks'),
  save: (text: string, revision: string) => http.put<Interlocks>('/api/interlocks', { text, revision }),
  apply: () => http.post<Interlocks>('/api/interlocks/apply'),
  shelve: (id: string, minutes: number, reason: string) =>
    http.post<Interlock>(`/api/interlocks/${seg(id)}/shelve`, { minutes, reason }),
  unshelve: (id: string) => http.post<Interlock>(`/api/interlocks/${seg(id)}/unshelve`),
}

export const flowsApi = {
  list: () => http.get<Items<FlowItem>>('/api/flows'),
  get: (id: string) => http.get<Flow>(`/api/flows/${seg(id)}`),
  save: (id: string, text: string, revision: string, commit?: string) => http.put<Flow>(`/api/flows/${seg(id)}`, { text, revision, ...(commit ? { commit } : {}) }),
  create: (text: string, scope: string) => http.post<Flow>('/api/flows', { text, scope }),
  remove: (id: string, revision: string) => http.delete<void>(address(`/api/flows/${seg(id)}`, { revision })),
  check: (text: string, file?: string) => http.post<FlowCheck>('/api/flow-check', { text, file }),
  schema: () => http.get<Record<string, unknown>>('/api/flow-schema'),
  armStart: (id: string, revision: string) => http.post<unknown>(`/api/flows/${seg(id)}/arm-startup`, { revision }),
  disarmStart: (id: string) => http.delete<unknown>(`/api/flows/${seg(id)}/arm-startup`),
}

/** The server names a rule `flow/rule`: both parts belong to the path. */
const rulePath = (id: string) => `/api/rules/${id.split('/').map(seg).join('/')}`
export const rulesApi = {
  list: () => http.get<Items<RuleState>>('/api/rules'),
  act: <A extends RuleAct>(id: string, action: A) => http.post<RuleAnswer<A>>(`${rulePath(id)}/${action}`),
  /** Null: as the file says. */
  switchAction: (id: string, place: string, enabled: boolean | null) =>
    http.put<unknown>(`${rulePath(id)}/actions/${seg(place.replaceAll('/', '.'))}/enabled`, { enabled }),
  traces: (id: string, limit: number) => http.get<Items<RuleTrace>>(`${rulePath(id)}/traces`, { limit }),
  dryRun: (id: string) => http.post<DryRun>(`${rulePath(id)}/dry-run`),
  backtest: (id: string, body: BacktestRequest) => http.post<Job<Backtest>>(`${rulePath(id)}/backtest`, body),
  variables: () => http.get<Items<Variable>>('/api/variables'),
}

export type RunAction = 'pause' | 'resume' | 'skip' | 'stop' | 'abort'

export const runsApi = {
  list: () => http.get<Items<Run>>('/api/runs'),
  get: (id: Run['id']) => http.get<Run>(`/api/runs/${seg(id)}`),
  steps: (id: Run['id']) => http.get<Items<RunStep>>(`/api/runs/${seg(id)}/steps`),
  cycles: (id: Run['id']) => http.get<Items<RunCycle>>(`/api/runs/${seg(id)}/cycles`),
  curve: (id: Run['id'], points = 2000) => http.get<RunCurve>(`/api/runs/${seg(id)}/curve`, { points }),
  start: (body: RunRequest, key: string) => http.post<Run>('/api/runs', body, { 'Idempotency-Key': key }),
  preflight: (body: PreflightRequest) => http.post<Job<Prediction>>('/api/runs/preflight', body),
  check: (body: RunRequest) => http.post<RunPreview>('/api/runs/check', body),
  act: (id: Run['id'], action: RunAction) => http.post<Run>(`/api/runs/${seg(id)}/${action}`),
  answer: (id: Run['id'], body: { answer: Scalar; step: string; by: string }) => http.post<Run>(`/api/runs/${seg(id)}/prompt`, body),
  reportHref: (id: Run['id'], format: 'html' | 'pdf' | 'json' | 'junit', lang: string) =>
    format === 'junit' ? `/api/runs/${seg(id)}/junit` : address(`/api/runs/${seg(id)}/report`, { format, lang }),
}

export const channelsApi = {
  list: () => http.get<Items<Channel>>('/api/channels'),
  accept: (id: string, body: { item: string; hash: string; person: string; note: string }) => http.post<Channel>(`/api/channels/${seg(id)}/accept`, body),
  withdraw: (id: string, item: string) => http.delete<Channel>(`/api/channels/${seg(id)}/accept/${seg(item)}`),
}

export const cellsApi = {
  list: () => http.get<Items<CellType>>('/api/cells'),
}

const scriptPath = (name: string) => `/api/scripts/${seg(name)}`
export const scriptsApi = {
  list: () => http.get<Items<ScriptItem>>('/api/scripts'),
  get: (name: string) => http.get<Script>(scriptPath(name)),
  check: (text: string, name: string) => http.post<FindingsOf>('/api/script-check', { text, name }),
  /** Without a revision it is a new one. */
  save: (name: string, text: string, revision: string, commit?: string) => http.put<SavedScript>(scriptPath(name), { text, revision, ...(commit ? { commit } : {}) }),
  remove: (name: string, revision: string) => http.delete<undefined>(`${scriptPath(name)}?revision=${seg(revision)}`),
  history: (name: string) => http.get<TextHistory>(`${scriptPath(name)}/history`),
  merge: (name: string, text: string, revision: string) => http.post<PutTogether>(`${scriptPath(name)}/merge`, { text, revision }),
  version: (name: string, version: string) => http.get<TextVersion & { text: string; diff: string }>(`${scriptPath(name)}/history/${seg(version)}`),
  stubs: () => http.get<{ stubs: string }>('/api/script-api'),
  simulate: (name: string, body: { text: string; parameters: Record<string, Scalar>; hours?: number }) => http.post<Job<ScriptTrial>>(`${scriptPath(name)}/simulate`, body),
  run: (name: string, body: { parameters: Record<string, Scalar>; safe: string[]; timeout_s?: number }) => http.post<ScriptRun>(`${scriptPath(name)}/run`, body),
  runs: (script: string) => http.get<Items<ScriptRun>>('/api/scripts/runs', { script, limit: 20 }),
  getRun: (id: string) => http.get<ScriptRun>(`/api/scripts/runs/${seg(id)}`),
  stop: (id: string) => http.delete<ScriptRun>(`/api/scripts/runs/${seg(id)}`),
  trust: (name: string) => http.get<ContentTrust>(`${scriptPath(name)}/trust`),
  setTrusted: (name: string, hash: string) => http.post<ContentTrust>(`${scriptPath(name)}/trust`, { hash }),
  distrust: (name: string) => http.delete<ContentTrust>(`${scriptPath(name)}/trust`),
}

export const simulationsApi = {
  get: <R>(id: string) => http.get<Job<R>>(`/api/simulations/${seg(id)}`),
  cancel: (id: string) => http.delete<unknown>(`/api/simulations/${seg(id)}`),
}

export const adminApi = {
  panic: (reason?: string) => http.post<Latch>('/api/admin/panic', reason ? { reason } : {}),
  panicLinks: (action: 'keep' | 'close') => http.post<Latch>('/api/admin/panic/links', { action }),
  rearm: (reason: string) => http.post<Latch>('/api/admin/rearm', { reason }),
  mode: (mode: Mode) => http.post<ModeInfo>('/api/admin/mode', { mode }),
}
