/** Chart plugin: pan with Shift+drag, zoom with Ctrl+wheel, a click that was no drag, and keys on the focused chart. */
import type uPlot from 'uplot'

export type Span = [number, number]

export interface Gestures {
  /** A new span to show; null: everything. */
  view(span: Span | null): void
  /** A press without a drag, in units of the axis; `near`: as many units are eight pixels. */
  click(at: number, near: number): void
}

const CLICK_PX = 4
const ZOOM = 1.6
const STEP = 0.15

export function spanOf(u: uPlot): Span {
  return [u.scales.x?.min ?? 0, u.scales.x?.max ?? 1]
}

/** A span around a fixed place, `factor` times as long. */
export function zoomed([from, to]: Span, at: number, factor: number): Span {
  return [at - (at - from) * factor, at + (to - at) * factor]
}

export const moved = ([from, to]: Span, share: number): Span => [from + (to - from) * share, to + (to - from) * share]

/** The span a key asks for; undefined when it means nothing here. */
export function keySpan(key: string, span: Span): Span | null | undefined {
  const middle = (span[0] + span[1]) / 2
  const wishes: Record<string, () => Span | null> = {
    ArrowLeft: () => moved(span, -STEP),
    ArrowRight: () => moved(span, STEP),
    '+': () => zoomed(span, middle, 1 / ZOOM),
    '=': () => zoomed(span, middle, 1 / ZOOM),
    '-': () => zoomed(span, middle, ZOOM),
    '0': () => null,
  }
  return wishes[key]?.()
}

export function gesturesPlugin(gestures: Gestures): uPlot.Plugin {
  let leave: (() => void)[] = []

  function on<K extends keyof HTMLElementEventMap>(target: HTMLElement | Window, kind: K, listener: (event: HTMLElementEventMap[K]) => void, options?: AddEventListenerOptions): void {
    target.addEventListener(kind, listener as EventListener, options)
    leave.push(() => target.removeEventListener(kind, listener as EventListener, options))
  }

  function ready(u: uPlot): void {
    const { over } = u
    const valueAt = (clientX: number) => u.posToVal(clientX - over.getBoundingClientRect().left, 'x')
    let pressed: { x: number; span: Span; pans: boolean } | null = null
    on(over, 'mousedown', (event) => {
      const pans = event.shiftKey || event.button === 1
      pressed = { x: event.clientX, span: spanOf(u), pans }
      if (pans) {
        event.preventDefault()
        event.stopImmediatePropagation()
      }
    }, { capture: true })
    on(window, 'mousemove', (event) => {
      if (!pressed?.pans) return
      gestures.view(moved(pressed.span, (pressed.x - event.clientX) / Math.max(1, over.clientWidth)))
    })
    on(window, 'mouseup', (event) => {
      if (pressed && !pressed.pans && Math.abs(event.clientX - pressed.x) <= CLICK_PX) {
        const [from, to] = spanOf(u)
        gestures.click(valueAt(event.clientX), ((to - from) / Math.max(1, over.clientWidth)) * 8)
      }
      pressed = null
    })
    on(over, 'wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      gestures.view(zoomed(spanOf(u), valueAt(event.clientX), event.deltaY < 0 ? 1 / ZOOM : ZOOM))
    }, { passive: false })
    on(over, 'dblclick', () => gestures.view(null))
  }

  return {
    hooks: {
      ready,
      destroy: () => {
        leave.forEach((stop) => stop())
        leave = []
      },
    },
  }
}
