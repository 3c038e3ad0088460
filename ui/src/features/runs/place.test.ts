/** Loops, phases, uncertainties and answers as people read them. */
import { beforeEach, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { branchText, phaseText, roundsOf, withUncertainty } from './place'
import { readAnswer, secondsLeft } from './promptAnswer'
import { hasDetails, phasesOf } from './stepDetails'
import type { RunStep } from '@/api/types'

beforeEach(() => setLocale('en'))

describe('place of a run', () => {
  it('tells the round of each loop it is in', () => {
    expect(roundsOf(['rounds', '2/5', 'repeat-1', '3/?', 'charge'])).toEqual([
      { loop: 'rounds', text: '2/5' },
      { loop: 'round', text: '3' },
    ])
    expect(roundsOf(['charge'])).toEqual([])
  })
  it('shows a branch without its number', () => {
    expect(branchText(['both', '|2', 'warm', '1/?'])).toBe('both › warm › 1')
  })
  it('names known phases and leaves others readable', () => {
    expect([phaseText('precharge'), phaseText('cv'), phaseText('xyz')]).toEqual(['Precharge', 'CV', 'XYZ'])
  })
  it('rounds a figure to its uncertainty', () => {
    expect(withUncertainty(0.041722, 0.000194, 4)).toBe('0.04172 ± 0.00019')
    expect(withUncertainty(2.5123, 0.0123, 4)).toBe('2.512 ± 0.012')
    expect(withUncertainty(2.5, undefined, 4)).toBe('2.5000')
    expect(withUncertainty(null, 0.1, 4)).toBe('–')
  })
})

describe('answer to a question', () => {
  const prompt = { min: 30, max: 60 }
  it('takes a number with a comma inside the range', () => expect(readAnswer(prompt, '45,2')).toEqual({ value: 45.2, problem: '' }))
  it('says the range of what is outside', () => expect(readAnswer(prompt, '99')).toEqual({ value: null, problem: 'Outside 30 to 60.' }))
  it('wants a number', () => expect(readAnswer(prompt, 'heavy').problem).toBe('A number is needed.'))
  it('does not scold an empty field', () => expect(readAnswer(prompt, ' ')).toEqual({ value: null, problem: '' }))
  it('counts down to zero and not below', () => {
    expect(secondsLeft({ since: 100, timeout_s: 60 }, 130)).toBe(30)
    expect(secondsLeft({ since: 100, timeout_s: 60 }, 500)).toBe(0)
    expect(secondsLeft({ since: 100, timeout_s: null }, 500)).toBeNull()
  })
})

describe('details of a step', () => {
  const step = (phases: RunStep['phases']) => ({ phases, measures: [], dcir: [], warnings: [] }) as unknown as RunStep
  it('keeps quiet about a single phase and a ramp of a moment', () => {
    expect(hasDetails(step([{ name: 'ramp', start: 0, end: 0.7 }, { name: 'cc', start: 0.7, end: 60 }]))).toBe(false)
  })
  it('tells precharge, CC and CV with their times', () => {
    const phases = phasesOf(step([{ name: 'precharge', start: 0, end: 60 }, { name: 'cc', start: 60, end: 90 }, { name: 'cv', start: 90, end: null }]))
    expect(phases.map((phase) => phase.seconds)).toEqual([60, 30, null])
  })
})
