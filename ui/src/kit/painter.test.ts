import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { receiveSamples } from '@/stores/samples'
import { paintWith } from './painter'

describe('the painter', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('paints the others on when one fails', () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const painted: string[] = []
    let broken = false
    const bad = () => {
      if (broken) throw new Error('no')
    }
    const leaves = [paintWith(document.createElement('i'), ['A.x'], bad), paintWith(document.createElement('i'), ['A.x'], () => void painted.push('good'))]
    painted.length = 0
    broken = true
    for (let round = 1; round <= 3; round++) {
      receiveSamples({ 'A.x': [round, round, 'good', 'NORMAL'] })
      vi.advanceTimersByTime(400)
    }
    leaves.forEach((leave) => leave())
    expect(painted.length).toBeGreaterThanOrEqual(3)
    expect(told).toHaveBeenCalledTimes(1)
    told.mockRestore()
  })
  it('tells at once what fails at once, and keeps nothing of it', () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const fail = () => {
      throw new Error('no')
    }
    expect(() => paintWith(document.createElement('i'), ['A.x'], fail)).toThrow('no')
    receiveSamples({ 'A.x': [9, 9, 'good', 'NORMAL'] })
    vi.advanceTimersByTime(2000)
    expect(told).not.toHaveBeenCalled()
    told.mockRestore()
  })
})
