import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveSocket, type SocketHandlers } from './socket'

class FakeSocket {
  static all: FakeSocket[] = []
  static readonly OPEN = 1
  readyState = 0
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  onclose: ((event?: { code: number }) => void) | null = null

  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  hear(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close(): void {
    this.readyState = 3
    this.onclose?.()
  }
  /** The other end closes. */
  drop(code: number): void {
    this.readyState = 3
    this.onclose?.({ code })
  }
  static get last(): FakeSocket {
    return FakeSocket.all.at(-1) as FakeSocket
  }
}

const hello = (epoch: string, seq: number) => ({ type: 'hello', protocol: 1, epoch, seq, snapshot: { mark: `${epoch}/${seq}` } })
const event = (seq: number) => ({ type: 'event', seq, event: 'marker', payload: seq, t: 0 })

describe('LiveSocket', () => {
  let seen: unknown[]
  let states: string[]
  let losses: (string | undefined)[]
  let back: string[]
  let socket: LiveSocket

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('WebSocket', FakeSocket)
    FakeSocket.all = []
    seen = []
    states = []
    losses = []
    back = []
    const handlers: SocketHandlers = {
      state: (state, loss) => {
        states.push(state)
        if (state === 'offline') losses.push(loss?.reason)
      },
      recovered: (how, awayMs) => back.push(`${how} ${awayMs}`),
      snapshot: (snapshot) => seen.push((snapshot as unknown as { mark: string }).mark),
      event: (_name, payload) => seen.push(payload),
      samples: (values) => seen.push(Object.keys(values)),
    }
    socket = new LiveSocket('ws://bench/ws', handlers)
    socket.start()
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('a', 5))
  })
  afterEach(() => {
    socket.stop()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  function reconnect(): FakeSocket {
    FakeSocket.last.close()
    vi.advanceTimersByTime(300)
    FakeSocket.last.open()
    return FakeSocket.last
  }

  it('takes the snapshot first and then the events in order', () => {
    FakeSocket.last.hear(event(6))
    FakeSocket.last.hear(event(7))
    expect(seen).toEqual(['a/5', 6, 7])
    expect(states.at(-1)).toBe('online')
  })

  it('passes no event twice', () => {
    FakeSocket.last.hear(event(6))
    FakeSocket.last.hear(event(6))
    FakeSocket.last.hear(event(4))
    expect(seen).toEqual(['a/5', 6])
  })

  it('asks for the missing events after a reconnect and takes no snapshot when they come', () => {
    const again = reconnect()
    again.hear(hello('a', 7))
    expect(again.sent).toContainEqual({ type: 'resume', epoch: 'a', seq: 5 })
    again.hear(event(6))
    again.hear(event(7))
    vi.advanceTimersByTime(10_000)
    expect(seen).toEqual(['a/5', 6, 7])
    expect(states.at(-1)).toBe('online')
  })

  it('asks for nothing when nothing was missed', () => {
    const again = reconnect()
    again.hear(hello('a', 5))
    expect(again.sent).toEqual([])
    expect(seen).toEqual(['a/5'])
    expect(states.at(-1)).toBe('online')
  })

  it('takes the new snapshot when the server started anew', () => {
    reconnect().hear(hello('b', 1))
    expect(seen).toEqual(['a/5', 'b/1'])
  })

  it('takes the snapshot when the server answers a resume with a new hello', () => {
    const again = reconnect()
    again.hear(hello('a', 900))
    again.hear(hello('a', 901))
    again.hear(event(902))
    expect(seen).toEqual(['a/5', 'a/901', 902])
  })

  it('takes the snapshot at hand when the missing events do not come', () => {
    reconnect().hear(hello('a', 9))
    vi.advanceTimersByTime(3000)
    expect(seen).toEqual(['a/5', 'a/9'])
  })

  it('never shows an event behind a gap before the gap is closed', () => {
    const link = FakeSocket.last
    link.hear(event(8))
    expect(seen).toEqual(['a/5'])
    expect(link.sent).toContainEqual({ type: 'resume', epoch: 'a', seq: 5 })
    for (const seq of [6, 7, 8]) link.hear(event(seq))
    expect(seen).toEqual(['a/5', 6, 7, 8])
  })

  it('renews its subscriptions on every link', () => {
    socket.subscribe('ui', ['PSU_01.u_out'])
    expect(FakeSocket.last.sent).toEqual([{ type: 'subscribe', id: 'ui', points: ['PSU_01.u_out'] }])
    const again = reconnect()
    expect(again.sent).toEqual([{ type: 'subscribe', id: 'ui', points: ['PSU_01.u_out'] }])
    socket.subscribe('ui', [])
    expect(again.sent.at(-1)).toEqual({ type: 'unsubscribe', id: 'ui' })
  })

  it('closes a link that has been silent for long', () => {
    vi.advanceTimersByTime(60_000)
    expect(states).toContain('offline')
  })

  it('does not reconnect after stop', () => {
    const count = FakeSocket.all.length
    socket.stop()
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.all).toHaveLength(count)
  })

  it('says why the link was lost, when it tries again, and how it came back', () => {
    FakeSocket.last.drop(1012)
    FakeSocket.last.drop(1006)
    expect(losses).toEqual(['restart'])
    vi.advanceTimersByTime(300)
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('a', 5))
    expect(back).toEqual(['same 300'])
    FakeSocket.last.drop(1013)
    vi.advanceTimersByTime(300)
    FakeSocket.last.drop(1006)
    vi.advanceTimersByTime(600)
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('b', 0))
    expect(losses).toEqual(['restart', 'slow', 'server'])
    expect(back).toEqual(['same 300', 'anew 900'])
  })

  it('tries at once when a person asks, and only once', () => {
    FakeSocket.last.drop(1006)
    socket.retryNow()
    const count = FakeSocket.all.length
    vi.advanceTimersByTime(1000)
    expect(FakeSocket.all).toHaveLength(count)
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('a', 5))
    expect(states.at(-1)).toBe('online')
  })

  it('leaves a link that gives no sign of life after the network changed', () => {
    socket.probe()
    vi.advanceTimersByTime(4000)
    expect(losses).toEqual(['silence'])
    vi.advanceTimersByTime(300)
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('a', 5))
    socket.probe()
    vi.advanceTimersByTime(1000)
    FakeSocket.last.hear({ type: 'pong' })
    vi.advanceTimersByTime(5000)
    expect(losses).toEqual(['silence'])
  })

  it('does not call a change of project a lost link', () => {
    socket.refresh()
    vi.advanceTimersByTime(300)
    FakeSocket.last.open()
    FakeSocket.last.hear(hello('b', 0))
    expect(back).toEqual([])
  })
})
