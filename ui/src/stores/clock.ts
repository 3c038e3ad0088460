/** The server's time as the browser knows it: a virtual bench may run far from the wall clock. */
import { ref } from 'vue'
import type { ClockInfo } from '@/api/types'

let base = Date.now() / 1000
let taken = Date.now() / 1000
let rate = 1
export const virtualClock = ref<{ speed: number | null } | null>(null)

export function setClock(clock: ClockInfo): void {
  base = clock.now
  taken = Date.now() / 1000
  rate = clock.virtual ? (clock.speed ?? 1) : 1
  virtualClock.value = clock.virtual ? { speed: clock.speed } : null
}

/** A sample stamped later than our estimate moves the estimate: sample ages are never negative. */
export function noteServerTime(seconds: number): void {
  if (Math.abs(seconds - serverNow()) < 0.5) return
  base = seconds
  taken = Date.now() / 1000
}

export function serverNow(): number {
  return base + (Date.now() / 1000 - taken) * rate
}
