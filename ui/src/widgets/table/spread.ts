/** Least, greatest and mean of each point since somebody began to count. */
import type { SampleTuple } from '@/api/socket'
import { numberOf } from '@/kit/live/chartData'

export interface Figures {
  min: number
  max: number
  sum: number
  count: number
}

export class Spread {
  private readonly byPoint = new Map<string, Figures>()

  of(point: string): Figures | undefined {
    return this.byPoint.get(point)
  }

  clear(): void {
    this.byPoint.clear()
  }

  /** What a device itself calls bad or stale is no value. */
  note(points: readonly string[], values: Record<string, SampleTuple>): void {
    for (const point of points) {
      const sample = values[point]
      const value = sample && sample[2] !== 'bad' && sample[2] !== 'stale' ? numberOf(sample[0]) : null
      if (value === null) continue
      const known = this.byPoint.get(point)
      if (!known) this.byPoint.set(point, { min: value, max: value, sum: value, count: 1 })
      else Object.assign(known, { min: Math.min(known.min, value), max: Math.max(known.max, value), sum: known.sum + value, count: known.count + 1 })
    }
  }
}
