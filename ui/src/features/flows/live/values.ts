/**
 * Values beside the ends of steps: each keeps a room in its row, all are drawn on one surface over the cards.
 *
 * Text that changes ten times a second in hundreds of rows would be laid out and painted row by row, and every card with
 * it; drawn on a surface of its own it touches no card.
 */
import { inject, provide, type InjectionKey } from 'vue'
import { want } from '@/stores/samples'

export interface LiveValue {
  /** Key of the step whose card it stands on. */
  card: string
  /** The room in the row. */
  room: HTMLElement
  points: readonly string[]
  text: () => string
  isNear: () => boolean
}

export interface ValueBoard {
  values: ReadonlySet<LiveValue>
  /** Points of all values; the same list as long as the board is there. */
  points: string[]
  /** Shows a value until the returned function is called. */
  join: (value: LiveValue) => () => void
  /** Something in a row has changed its place. */
  moved: () => void
  /** Who draws at the next frame; `isMoved`: what it knows of places is no longer so. */
  draws: (draw: (isMoved: boolean) => void) => void
}

const KEY: InjectionKey<ValueBoard> = Symbol('live values')

export function useValues(): ValueBoard {
  const board = inject(KEY)
  if (!board) throw new Error('no surface for values above this component')
  return board
}

export function provideValues(): ValueBoard {
  const values = new Set<LiveValue>()
  const points: string[] = []
  let draw: (isMoved: boolean) => void = () => undefined
  let frame = 0
  let isMoved = false
  const ask = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      points.splice(0, points.length, ...new Set([...values].flatMap((one) => one.points)))
      draw(isMoved)
      isMoved = false
    })
  }
  const board: ValueBoard = {
    values, points,
    moved: () => {
      isMoved = true
      ask()
    },
    draws: (by) => void (draw = by),
    join(value) {
      const stop = want([...value.points])
      values.add(value)
      ask()
      return () => {
        stop()
        values.delete(value)
        ask()
      }
    },
  }
  provide(KEY, board)
  return board
}
