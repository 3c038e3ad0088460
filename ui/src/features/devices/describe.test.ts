import { describe, expect, it } from 'vitest'
import type { Device } from '@/api/types'
import { counterTexts, hasOutputs, suggestId, transportText } from './describe'

describe('device texts', () => {
  it.each([
    [{ kind: 'serial', port: '/dev/ttyUSB0', baudrate: 9600 }, 'serial /dev/ttyUSB0 9600'],
    [{ kind: 'tcp', host: '10.0.0.2', port: 502 }, 'tcp 10.0.0.2:502'],
    [{ type: 'virtual' }, 'virtual'],
    [{}, ''],
    [{ kind: 'mqtt', host: 'broker', password: 'secret' }, 'mqtt broker'],
  ])('%j reads %j', (transport, text) => expect(transportText(transport)).toBe(text))
  it('leaves out counters that are zero', () => expect(counterTexts({ reads: 3, errors: 0 })).toEqual(['reads 3']))
  it('suggests the next free id in capitals', () => expect(suggestId('riden_rd60xx', ['RIDEN_RD60XX_1'])).toBe('RIDEN_RD60XX_2'))
  it.each([
    [{ access: 'RW', safe: 'write' }, true],
    [{ access: 'RW', safe: { action: 'write', order: 10 } }, true],
    [{ access: 'RW', safe: 'none' }, false],
    [{ access: 'RO', safe: null }, false],
  ])('an entity %j counts as an output: %j', (entity, expected) => expect(hasOutputs({ entities: [entity] } as unknown as Device)).toBe(expected))
})
