/** Wires the WebSocket to the stores; the only place that knows event names. */
import { LiveSocket, type Recovery } from '@/api/socket'
import type { OutboxItem, PageMessage } from '@/api/alarmTypes'
import type { Alarm, ClockInfo, Device, Interlock, Latch, Marker, ModeInfo, Run, ScriptRun, Session, Snapshot } from '@/api/types'
import { useAlarms } from './alarms'
import { useBench } from './bench'
import { noteServerTime, setClock } from './clock'
import { useDevices, type StateChange } from './devices'
import { useInterlocks } from './interlocks'
import { forgetJournal, noteEvent } from './journal'
import { useMarkers } from './markers'
import { formatDuration } from '@/kit/format'
import { tw } from '@/kit/words'
import { useNotices } from './notices'
import { useRuns, type RunPromptEvent } from './runs'
import { forgetSamples, onWishes, receiveSamples } from './samples'
import { useScripts, type ScriptOutput } from './scripts'
import { useToasts } from './toasts'

type Handler = (payload: never) => void
const flowListeners = new Set<(id: string, revision: string) => void>()
const workspaceListeners = new Set<(revision: string) => void>()
const ruleListeners = new Set<() => void>()
const eventListeners = new Map<string, Set<(payload: never) => void>>()
let socket: LiveSocket | null = null

/** Hears one kind of event that no store keeps; returns the way to leave. */
export function onServerEvent<P>(name: string, listener: (payload: P) => void): () => void {
  const own = eventListeners.get(name) ?? new Set()
  eventListeners.set(name, own.add(listener as (payload: never) => void))
  return () => own.delete(listener as (payload: never) => void)
}

/** Called when a flow file changed on disk or by another person. */
export function onFlowChanged(listener: (id: string, revision: string) => void): () => void {
  flowListeners.add(listener)
  return () => flowListeners.delete(listener)
}

/** Called when the pages of the project were saved by anybody, or changed on disk. */
export function onWorkspaceChanged(listener: (revision: string) => void): () => void {
  workspaceListeners.add(listener)
  return () => workspaceListeners.delete(listener)
}

/** Called when any rule fired. */
export function onRuleFired(listener: () => void): () => void {
  ruleListeners.add(listener)
  return () => ruleListeners.delete(listener)
}

/** Another page, or a program, opened or closed the project under this one. */
function tellSwitch(before: string | undefined, after: string | undefined): void {
  if (after) useToasts().show('info', tw('openedElsewhere', { name: after }))
  else useToasts().show('warning', tw('closedElsewhere', { name: before }))
}

function adopt(snapshot: Snapshot): void {
  const bench = useBench()
  const { project: before } = bench
  if (before && before.id !== snapshot.project?.id && bench.switching === null) tellSwitch(before.name, snapshot.project?.name)
  if (before?.id !== snapshot.project?.id) {
    forgetSamples()
    forgetJournal()
    useMarkers().forget()
  }
  setClock(snapshot.clock)
  bench.adopt(snapshot)
  useDevices().adopt(snapshot.devices)
  useAlarms().adopt(snapshot.alarms)
  useRuns().adopt(snapshot.runs)
  useScripts().adopt(snapshot.script_runs ?? [])
  if (!snapshot.project) return
  useMarkers().load().catch(() => undefined)
  useInterlocks().load().catch(() => undefined)
}

/** A message of a rule; one to the pages comes as a `notification`, and one on its way is no news. */
function showMessage(note: OutboxItem): void {
  if (note.state === 'failed') useToasts().show('warning', tw('undelivered', { to: note.receiver, title: note.title }), note.error ?? '', 'NOT_DELIVERED', '/alarms/outbox')
  else if (note.state === 'sent' && note.channel !== 'browser') useToasts().show('info', note.message || note.title)
}

/** What each event means to the stores. */
export function eventHandlers(): Record<string, Handler> {
  const bench = useBench()
  const devices = useDevices()
  const runs = useRuns()
  return {
    device_added: (added: { meta: Device }) => devices.put(added.meta),
    device_updated: (updated: { meta: Device }) => devices.put(updated.meta),
    device_removed: (gone: { device_id: string }) => devices.remove(gone.device_id),
    device_state: ({ device_id, ...change }: StateChange & { device_id: string }) => devices.setState(device_id, change),
    interlock: (item: Interlock) => useInterlocks().put(item),
    session: (session: Session) => bench.setSession(session),
    marker: (marker: Marker) => useMarkers().apply(marker),
    alarm: (alarm: Alarm & { transition?: string }) => {
      useAlarms().put(alarm)
      useNotices().hearAlarm(alarm)
    },
    notification: (note: PageMessage) => {
      useNotices().hearMessage(note)
      useToasts().show(note.severity === 'info' ? 'info' : 'warning', note.title, note.message, 'NOTIFICATION', '/alarms')
    },
    alarm_routing_changed: () => useAlarms().reroutings++,
    outbox: () => useAlarms().deliveries++,
    run: (run: Run) => runs.put(run),
    run_prompt: (asked: RunPromptEvent) => {
      runs.notePrompt(asked)
      if (asked.event === 'asked' && location.pathname !== `/runs/${asked.run}`) useToasts().show('warning', tw('asks', { text: asked.text }), '', 'RUN_PROMPT', `/runs/${asked.run}`)
    },
    run_step: () => runs.progressed++,
    run_cycle: () => runs.progressed++,
    script_run: (run: ScriptRun) => useScripts().put(run),
    script_output: (printed: ScriptOutput) => useScripts().print(printed),
    flow_changed: (flow: { id: string; revision: string }) => flowListeners.forEach((tell) => tell(flow.id, flow.revision)),
    workspace_changed: ({ revision }: { revision: string }) => workspaceListeners.forEach((tell) => tell(revision)),
    project_opened: () => socket?.refresh(),
    project_closed: () => socket?.refresh(),
    panic: (latch: Latch) => (bench.latch = latch),
    clock: (clock: ClockInfo) => setClock(clock),
    rule_fired: () => ruleListeners.forEach((tell) => tell()),
    mode: (mode: ModeInfo) => (bench.mode = mode),
    notify: (note: OutboxItem) => showMessage(note),
  } as Record<string, Handler>
}

/** Short gaps without any change are not worth a word. */
const WORTH_TELLING_MS = 2000

function tellRecovery(how: Recovery, awayMs: number): void {
  if (how !== 'anew' && awayMs < WORTH_TELLING_MS) return
  const hints = { same: 'backSame', resumed: 'backResumed', anew: 'backAnew' } as const
  useToasts().show('ok', tw('back', { time: formatDuration(awayMs / 1000) }), tw(hints[how]), 'BACK')
}

function socketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`
}

/** Opens the link and keeps it; returns the way to close it. */
export function startLive(): () => void {
  const handlers = eventHandlers()
  const bench = useBench()
  socket = new LiveSocket(socketUrl(), {
    state: bench.setLink,
    recovered: tellRecovery,
    snapshot: adopt,
    event: (name, payload) => {
      handlers[name]?.(payload as never)
      eventListeners.get(name)?.forEach((tell) => tell(payload as never))
      noteEvent(name, payload)
    },
    samples: (values, t) => {
      noteServerTime(t)
      receiveSamples(values)
    },
    problem: (code, message) => useToasts().show('warning', message, '', code),
  })
  onWishes((points) => socket?.subscribe('ui', points))
  socket.start()
  const online = () => socket?.retryNow()
  const doubt = () => { if (document.visibilityState === 'visible') socket?.probe() }
  window.addEventListener('online', online)
  window.addEventListener('offline', doubt)
  document.addEventListener('visibilitychange', doubt)
  return () => {
    window.removeEventListener('online', online)
    window.removeEventListener('offline', doubt)
    document.removeEventListener('visibilitychange', doubt)
    socket?.stop()
  }
}

/** Tries at once, without waiting for the pause between two tries. */
export function retryLive(): void {
  socket?.retryNow()
}

/** Takes a whole new snapshot, for example after a project was opened. */
export function refreshLive(): void {
  socket?.refresh()
}
