/**
 * The one WebSocket: reconnects by itself, keeps the event sequence gapless, renews subscriptions.
 *
 * Events carry `seq`. After a reconnect with the same epoch the missing events are asked for (`resume`); when they
 * cannot be had, the snapshot of a new `hello` replaces everything. Nobody downstream ever sees a gap or an event twice.
 */
import type { Frame, EventFrame, Hello, SampleTuple } from './frames'
import type { Snapshot } from './types'

export type { Hello, SampleTuple } from './frames'
export type LinkState = 'connecting' | 'online' | 'offline'

/** Why the link is lost: the browser has no network, the server is gone or restarts, it found us too slow, or silence. */
export type LossReason = 'network' | 'server' | 'restart' | 'slow' | 'silence'

export interface Loss {
  reason: LossReason
  /** When the next try begins, in ms of `Date.now`. */
  retryAt: number
}

/** What the page may rely on after the link is back: nothing changed, the missing events came, or all was read anew. */
export type Recovery = 'same' | 'resumed' | 'anew'

export interface SocketHandlers {
  state(state: LinkState, loss?: Loss): void
  /** The link was lost and is whole again. */
  recovered?(how: Recovery, awayMs: number): void
  snapshot(snapshot: Snapshot): void
  event(name: string, payload: unknown): void
  samples(values: Record<string, SampleTuple>, t: number): void
  problem?(code: string, message: string): void
}

const PING_MS = 15_000
const SILENCE_MS = 35_000
const RESUME_MS = 3_000
const PROBE_MS = 4_000
const BACKOFF_MS = [300, 600, 1200, 2500, 5000, 8000]

export class LiveSocket {
  private socket: WebSocket | null = null
  private epoch = ''
  private seq = -1
  private pending: Hello | null = null
  private attempt = 0
  private closed = true
  private lastHeard = 0
  /** Counts frames. */
  private heard = 0
  private retryTimer = 0
  private pingTimer = 0
  private resumeTimer = 0
  private probeTimer = 0
  private lostAt = 0
  private silent = false
  private readonly subscriptions = new Map<string, string[]>()

  constructor(
    private readonly url: string,
    private readonly handlers: SocketHandlers,
  ) {}

  start(): void {
    this.closed = false
    this.connect()
  }

  stop(): void {
    this.closed = true
    this.clearTimers()
    this.socket?.close()
    this.socket = null
  }

  /** Replaces the points of one subscription; an empty list ends it. */
  subscribe(id: string, points: string[]): void {
    if (points.length) this.subscriptions.set(id, points)
    else if (!this.subscriptions.delete(id)) return
    if (this.isOpen()) this.send(points.length ? { type: 'subscribe', id, points } : { type: 'unsubscribe', id })
  }

  /** Forgets the position and takes a whole snapshot again (another project, a gap that cannot be closed). */
  refresh(): void {
    this.seq = -1
    this.attempt = 0
    this.lostAt = 0
    this.socket?.close()
  }

  /** Does not wait for the next try. */
  retryNow(): void {
    if (this.closed || this.socket) return this.probe()
    window.clearTimeout(this.retryTimer)
    this.attempt = 0
    this.connect()
  }

  /** Asks the server for a sign of life, after the computer slept or the network changed. */
  probe(): void {
    if (!this.isOpen()) return
    const before = this.heard
    this.send({ type: 'ping' })
    window.clearTimeout(this.probeTimer)
    this.probeTimer = window.setTimeout(() => { if (this.heard === before) this.giveUp() }, PROBE_MS)
  }

  /** The other end may not even hear a farewell: the socket is left, not waited for. */
  private giveUp(): void {
    const socket = this.socket
    this.silent = true
    this.lost(0)
    socket?.close()
  }

  private isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message))
  }

  private clearTimers(): void {
    window.clearTimeout(this.retryTimer)
    window.clearTimeout(this.probeTimer)
    window.clearInterval(this.pingTimer)
    this.stopWaiting()
  }

  private connect(): void {
    this.handlers.state('connecting')
    const socket = new WebSocket(this.url)
    this.socket = socket
    socket.onopen = () => this.opened()
    socket.onmessage = (message) => this.receive(JSON.parse(String(message.data)) as Frame)
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event?.code ?? 0)
    }
  }

  private opened(): void {
    this.attempt = 0
    this.lastHeard = Date.now()
    for (const [id, points] of this.subscriptions) this.send({ type: 'subscribe', id, points })
    this.pingTimer = window.setInterval(() => this.beat(), PING_MS)
  }

  /** A half-open link never closes by itself: silence for long counts as lost. */
  private beat(): void {
    if (Date.now() - this.lastHeard > SILENCE_MS) this.giveUp()
    else if (this.isOpen()) this.send({ type: 'ping' })
  }

  private lost(code: number): void {
    this.clearTimers()
    this.socket = null
    const pause = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)] ?? 8000
    if (this.seq >= 0 && !this.lostAt) this.lostAt = Date.now()
    this.handlers.state('offline', { reason: this.reasonOf(code), retryAt: Date.now() + pause })
    this.silent = false
    if (this.closed) return
    this.attempt += 1
    this.retryTimer = window.setTimeout(() => this.connect(), pause)
  }

  private reasonOf(code: number): LossReason {
    if (this.silent) return 'silence'
    if (code === 1013) return 'slow'
    if (code === 1001 || code === 1012) return 'restart'
    return navigator.onLine === false ? 'network' : 'server'
  }

  private tellBack(how: Recovery): void {
    this.handlers.state('online')
    if (this.lostAt) this.handlers.recovered?.(how, Date.now() - this.lostAt)
    this.lostAt = 0
  }

  private receive(frame: Frame): void {
    this.lastHeard = Date.now()
    this.heard += 1
    if (frame.type === 'samples') this.handlers.samples(frame.values, frame.t)
    else if (frame.type === 'hello') this.hello(frame)
    else if (frame.type === 'event' || frame.type === 'system_event') this.event(frame)
    else if (frame.type === 'error') this.handlers.problem?.(frame.code ?? '', frame.message ?? '')
  }

  private hello(hello: Hello): void {
    const known = hello.epoch === this.epoch && this.seq >= 0
    const asked = this.resumeTimer !== 0
    if (known && !asked && hello.seq === this.seq) this.tellBack('same')
    else if (known && !asked && hello.seq > this.seq) this.resume(hello)
    else this.adopt(hello)
  }

  /** Asks for the missing events; if they do not come in time the snapshot at hand (or a new one) is taken instead. */
  private resume(fallback: Hello | null): void {
    this.pending = fallback
    this.send({ type: 'resume', epoch: this.epoch, seq: this.seq })
    this.resumeTimer = window.setTimeout(() => {
      this.resumeTimer = 0
      if (this.pending) this.adopt(this.pending)
      else this.refresh()
    }, RESUME_MS)
  }

  private adopt(hello: Hello): void {
    this.stopWaiting()
    this.epoch = hello.epoch
    this.seq = hello.seq
    this.handlers.snapshot(hello.snapshot)
    this.tellBack('anew')
  }

  private event(frame: EventFrame): void {
    if (frame.seq <= this.seq) return
    if (frame.seq > this.seq + 1) {
      if (this.resumeTimer === 0) this.resume(null)
      return
    }
    this.seq = frame.seq
    this.handlers.event(frame.event, frame.payload)
    if (this.resumeTimer !== 0 && this.seq >= (this.pending?.seq ?? 0)) {
      this.stopWaiting()
      this.tellBack('resumed')
    }
  }

  private stopWaiting(): void {
    window.clearTimeout(this.resumeTimer)
    this.resumeTimer = 0
    this.pending = null
  }
}
