/** What happened since the page was opened, newest last: events of the server in short form, for the log on a dashboard. */
import { shallowRef, triggerRef } from 'vue'
import { serverNow } from './clock'

export interface Entry {
  id: number
  t: number
  name: string
  payload: Record<string, unknown>
}

const AT_MOST = 500
/** Said many times a second, or no news to people. */
const QUIET = new Set(['clock', 'outbox', 'run', 'script_output', 'simulation', 'notification', 'interlock_values'])

export const journal = shallowRef<Entry[]>([])
let last = 0

export function noteEvent(name: string, payload: unknown): void {
  if (QUIET.has(name) || typeof payload !== 'object' || payload === null) return
  const about = payload as Record<string, unknown>
  const stamp = typeof about.timestamp === 'number' ? about.timestamp : serverNow()
  journal.value.push({ id: ++last, t: stamp, name, payload: about })
  if (journal.value.length > AT_MOST) journal.value.splice(0, journal.value.length - AT_MOST)
  triggerRef(journal)
}

export function forgetJournal(): void {
  journal.value = []
}
