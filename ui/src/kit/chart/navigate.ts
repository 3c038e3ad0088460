/**
 * Chart plugin: moving through time. Shift and drag, or one finger, pans; Ctrl and wheel, or two fingers, zooms; Shift
 * and wheel pans. A plain wheel scrolls the page as everywhere.
 */
import type uPlot from 'uplot'

export type Span = [from: number, to: number]

export const panned = ([from, to]: Span, share: number): Span => [from + share * (to - from), to + share * (to - from)]

/** `factor` below one comes closer; the time at `share` of the width stays where it is. */
export function zoomed([from, to]: Span, factor: number, share = 0.5): Span {
  const at = from + share * (to - from)
  return [at - (at - from) * factor, at + (to - at) * factor]
}

interface Grip {
  span: Span
  x: number
  /** Distance of two fingers when they came down. */
  apart: number
}

const WHEEL_ZOOM = 0.0015

export function navigatePlugin(view: () => Span, change: (span: Span) => void): uPlot.Plugin {
  const fingers = new Map<number, number>()
  let grip: Grip | null = null

  const middle = () => [...fingers.values()].reduce((sum, x) => sum + x, 0) / Math.max(1, fingers.size)
  const apart = () => (fingers.size > 1 ? Math.max(20, Math.abs(([...fingers.values()][0] ?? 0) - ([...fingers.values()][1] ?? 0))) : 0)
  const hold = () => (grip = fingers.size ? { span: view(), x: middle(), apart: apart() } : null)

  function down(event: PointerEvent, u: uPlot): void {
    if (event.pointerType === 'mouse' && !event.shiftKey && event.button !== 1) return
    fingers.set(event.pointerId, event.clientX)
    u.over.setPointerCapture(event.pointerId)
    if (event.pointerType === 'mouse') event.preventDefault()
    hold()
  }

  function move(event: PointerEvent, u: uPlot): void {
    if (!grip || !fingers.has(event.pointerId)) return
    fingers.set(event.pointerId, event.clientX)
    const box = u.over.getBoundingClientRect()
    const pulled = panned(grip.span, (grip.x - middle()) / box.width)
    change(grip.apart && fingers.size > 1 ? zoomed(pulled, grip.apart / apart(), (middle() - box.left) / box.width) : pulled)
  }

  function up(event: PointerEvent): void {
    if (fingers.delete(event.pointerId)) hold()
  }

  function wheel(event: WheelEvent, u: uPlot): void {
    if (!event.ctrlKey && !event.shiftKey) return
    event.preventDefault()
    const box = u.over.getBoundingClientRect()
    const turned = event.deltaY || event.deltaX
    if (event.ctrlKey) change(zoomed(view(), Math.exp(turned * WHEEL_ZOOM), (event.clientX - box.left) / box.width))
    else change(panned(view(), turned / 1000))
  }

  return {
    opts: (_u, options) => {
      // With Shift the mouse pans: then uPlot must not begin to select.
      options.cursor = { ...options.cursor, bind: { ...options.cursor?.bind, mousedown: (_chart, _target, handler) => (event) => (event.shiftKey || event.button !== 0 ? null : handler(event)) } }
    },
    hooks: {
      ready: (u) => {
        u.over.style.touchAction = 'pan-y'
        u.over.addEventListener('pointerdown', (event) => down(event, u))
        u.over.addEventListener('pointermove', (event) => move(event, u))
        u.over.addEventListener('pointerup', up)
        u.over.addEventListener('pointercancel', up)
        u.over.addEventListener('wheel', (event) => wheel(event, u), { passive: false })
      },
    },
  }
}
