/** The server's time as the browser knows it: a virtual bench may run far from the wall clock. */
import { ref } from 'vue'
import type { ClockInfo } from '@/api/types'

const MEASURE_S = 0.5

let base = Date.now() / 1000
let taken = Date.now() / 1000
let rate = 1
let mark: { server: number; wall: number } | null = null
export const virtualClock = ref<{ speed: number | null } | null>(null)

const wallNow = () => Date.now() / 1000

function rebase(seconds: number): void {
  base = seconds
  taken = wallNow()
}

export function setClock(clock: ClockInfo): void {
  rebase(clock.now)
  rate = clock.virtual ? (clock.speed ?? 1) : 1
  mark = null
  virtualClock.value = clock.virtual ? { speed: clock.speed } : null
}

/**
 * Follows the stamps of the samples. Virtual time may be slower than its pace says (a busy server) or have no pace at
 * all, so its rate is measured; small differences are jitter of the frames and do not move the estimate.
 */
export function noteServerTime(seconds: number): void {
  if (virtualClock.value) measure(seconds)
  if (Math.abs(seconds - serverNow()) >= 0.5 * Math.max(1, rate)) rebase(seconds)
}

function measure(seconds: number): void {
  const wall = wallNow()
  if (!mark) {
    mark = { server: seconds, wall }
    return
  }
  if (wall - mark.wall < MEASURE_S) return
  const seen = Math.max(0, (seconds - mark.server) / (wall - mark.wall))
  const now = serverNow()
  rate = rate + 0.5 * (Math.min(seen, virtualClock.value?.speed ?? Infinity) - rate)
  rebase(now)
  mark = { server: seconds, wall }
}

export function serverNow(): number {
  return base + (wallNow() - taken) * rate
}
