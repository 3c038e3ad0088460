/** Tones made in the browser: no files, one pattern for each severity. */
import { ref } from 'vue'
import type { Severity } from '@/api/types'

/** Frequency in Hz, start and length in seconds. */
type Tone = [hertz: number, start: number, length: number]

const PATTERNS: Record<Severity, Tone[]> = {
  critical: [[880, 0, 0.16], [660, 0.2, 0.16], [880, 0.4, 0.16], [660, 0.6, 0.24]],
  warning: [[740, 0, 0.18], [587, 0.24, 0.26]],
  info: [[587, 0, 0.2]],
}

let context: AudioContext | null = null
/** The browser lets nothing sound before a person has touched the page. */
export const locked = ref(false)

/** Called in a click, or to see whether sound is allowed already. */
export async function unlock(): Promise<void> {
  if (!('AudioContext' in window)) return
  context ??= new AudioContext()
  locked.value = context.state !== 'running'
  await context.resume().catch(() => undefined)
  locked.value = context.state !== 'running'
}

/** The next touch anywhere unlocks. */
export function unlockOnTouch(): () => void {
  const touched = () => void unlock()
  const kinds = ['pointerdown', 'keydown'] as const
  kinds.forEach((kind) => window.addEventListener(kind, touched, { capture: true }))
  return () => kinds.forEach((kind) => window.removeEventListener(kind, touched, { capture: true }))
}

export function play(severity: Severity, volume: number): void {
  if (!context || context.state !== 'running') return
  for (const [hertz, start, length] of PATTERNS[severity] ?? PATTERNS.info) {
    const from = context.currentTime + start
    const source = context.createOscillator()
    const gain = context.createGain()
    source.type = 'triangle'
    source.frequency.value = hertz
    gain.gain.setValueAtTime(0, from)
    gain.gain.linearRampToValueAtTime(volume, from + 0.015)
    gain.gain.setValueAtTime(volume, from + length - 0.03)
    gain.gain.linearRampToValueAtTime(0, from + length)
    source.connect(gain).connect(context.destination)
    source.start(from)
    source.stop(from + length)
  }
}
