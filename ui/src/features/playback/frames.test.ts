import { describe, expect, it } from 'vitest'
import type { Frames } from '@/api/playback'
import { frameAt, neighbour, thumbnail, valuesAt } from './frames'

const frames: Frames = {
  start: 100, step: 10, count: 3,
  devices: [
    { device: 'PSU_01', entities: ['u', 'on'], rows: [[95, 'NORMAL', 1.5, 0], [118, 'HI', null, 1]], frames: [0, 0, 1] },
    { device: 'DMM', entities: ['v'], rows: [[20, 'NORMAL', 7]], frames: [-1, 0, 0] },
  ],
}

describe('frames of a playback', () => {
  it.each([[99, -1], [100, 0], [109.9, 0], [120, 2], [130, -1]])('%s s is frame %s', (at, place) => expect(frameAt(frames, at)).toBe(place))
  it('shows each value from its row until the next one, and says what cannot be believed', () => {
    const values = valuesAt(frames, 2, new Map([['PSU_01.on', 'HI']]))
    expect(values.get('PSU_01.u')).toEqual({ value: null, timestamp: 118, quality: 'bad', alarm: 'NORMAL' })
    expect(values.get('PSU_01.on')).toEqual({ value: 1, timestamp: 118, quality: 'good', alarm: 'HI' })
    expect(values.get('DMM.v')?.quality).toBe('stale')
  })
  it('knows nothing of a device before its first row', () => expect(valuesAt(frames, 0, new Map()).has('DMM.v')).toBe(false))
  it.each([[15, 1, 20], [15, -1, 10], [20, 1, 30], [30, 1, null], [10, -1, null]] as const)('from %s towards %s comes %s', (at, way, next) => expect(neighbour([30, 10, 20], at, way)).toBe(next))
  it('draws a thumbnail that breaks where nothing was', () => expect(thumbnail([0, 5, 10], [1, null, 2], [0, 10])).toBe('M0.0 94.0M1000.0 6.0'))
})
