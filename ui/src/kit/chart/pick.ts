/** Chart plugin: tells the time of a click; a drag is none. */
import type uPlot from 'uplot'

const CLICK_PX = 3

export function pickPlugin(picked: (time: number) => void): uPlot.Plugin {
  let downAt: number | null = null
  return {
    hooks: {
      ready: (u) => {
        u.over.addEventListener('pointerdown', (event) => (downAt = event.clientX))
        u.over.addEventListener('click', (event) => {
          const moved = downAt === null ? Infinity : Math.abs(event.clientX - downAt)
          if (moved <= CLICK_PX) picked(u.posToVal(event.clientX - u.over.getBoundingClientRect().left, 'x'))
        })
      },
    },
  }
}
