/**
 * One `requestAnimationFrame` loop paints everything live, at most ten times a second and only what can be seen.
 *
 * Widgets register a paint function with the points it reads; the painter calls it when one of them changed and the
 * element is in view. Once a second everything in view is painted, because ages grow without samples.
 */
import { hasDirty, takeDirty } from '@/stores/samples'

const FRAME_MS = 100
const AGES_MS = 1000

interface Painted {
  element: Element
  points: string[]
  paint: () => void
  visible: boolean
  stale: boolean
}

const painted = new Map<Element, Painted>()
let frame = 0
let lastPaint = 0
let lastAges = 0
let observer: IntersectionObserver | null = null

function watch(): IntersectionObserver | null {
  if (observer || typeof IntersectionObserver === 'undefined') return observer
  observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const item = painted.get(entry.target)
      if (!item) continue
      item.visible = entry.isIntersecting
      if (item.visible && item.stale) paintOne(item)
    }
  })
  return observer
}

/** One that fails is painted no more; the others must not wait for it. */
function paintOne(item: Painted): void {
  item.stale = false
  try {
    item.paint()
  } catch (error) {
    leave(item.element)
    console.error('a live value cannot be painted', error)
  }
}

function leave(element: Element): void {
  observer?.unobserve(element)
  painted.delete(element)
}

function paintAll(now: number): void {
  const changed = takeDirty()
  const everything = now - lastAges >= AGES_MS
  if (everything) lastAges = now
  for (const item of painted.values()) {
    if (!everything && !item.points.some((point) => changed.has(point))) continue
    if (item.visible) paintOne(item)
    else item.stale = true
  }
}

function loop(now: number): void {
  frame = painted.size ? requestAnimationFrame(loop) : 0
  if (now - lastPaint < FRAME_MS) return
  if (!hasDirty() && now - lastAges < AGES_MS) return
  lastPaint = now
  paintAll(now)
}

/** Registers a paint function for an element; returns the way to leave. */
export function paintWith(element: Element, points: string[], paint: () => void): () => void {
  paint() // what fails at once is told to whoever asked
  const eye = watch()
  painted.set(element, { element, points, paint, visible: eye === null, stale: true })
  eye?.observe(element)
  if (!frame) frame = requestAnimationFrame(loop)
  return () => leave(element)
}
