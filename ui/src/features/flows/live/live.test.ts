import { expect, it } from 'vitest'
import { stepsAt } from './liveSteps'
import { sameCondition, subjectOf } from './subject'

it.each([
  ['voltage >= 4.2 V', { point: 'CH1.voltage', figure: '' }], ['step.time > 4 h', { point: '', figure: 'time' }], ['PSU_01.temp > 60 °C', { point: 'PSU_01.temp', figure: '' }],
  ['avg(temp, 10 s) > 40 °C', null], ['run.soc >= 80 %', null], ['voltage + 1 V > 2 V', null], ['taper', null],
])('%s looks at %o', (expression, found) => expect(subjectOf(expression, 'CH1')).toEqual(found))
it('shows no value of a channel that is not named', () => expect(subjectOf('voltage > 1 V', '')).toBeNull())
it('does not mind blanks', () => expect(sameCondition('voltage<= 2.5 V', 'voltage <= 2.5 V')).toBe(true))

const run = (step_path: string[], branches: string[][] = [], state = 'running') => ({ step_path, branches, state }) as Parameters<typeof stepsAt>[0]
it('tells the step under way, the boxes around it and their rounds', () => expect([...stepsAt(run(['outer', '1/2', 'inner', '3/?', 'charge']))]).toEqual([
  ['outer', { at: false, round: '1/2' }], ['inner', { at: false, round: '3' }], ['charge', { at: true, round: '' }],
]))
it('knows all branches', () => expect([...stepsAt(run(['both'], [['both', '|1', 'relax'], ['both', '|2', 'note']]))].filter(([, live]) => live.at).map(([id]) => id)).toEqual(['relax', 'note']))
it('says nothing of a run that is over, and what a called flow does happens at the call', () => {
  expect(stepsAt(run(['a'], [], 'finished')).size).toBe(0)
  expect(stepsAt(run(['call-1', 'call-1:charge'])).get('call-1')?.at).toBe(true)
})
