import { describe, expect, it } from 'vitest'
import { fieldsOf, firstProblem, helpText, schemaFor, shownValue, withValue, type Field } from './fields'

const schema = {
  $defs: { Bench: { type: 'object', description: 'The bench.\n\nMore.', properties: { supply_ohm: { type: 'number', default: 0.03, minimum: 0, maximum: 10, title: 'Supply Ohm' } } } },
  type: 'object',
  required: ['map'],
  properties: {
    modbus_address: { type: 'integer', default: 1, minimum: 1, maximum: 247, title: 'Modbus Address' },
    model: { type: 'string', enum: ['A', 'B'], default: 'A' },
    capacity_ah: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }], default: null },
    map: { type: 'string', maxLength: 4 },
    bench: { $ref: '#/$defs/Bench', default: {} },
    quick: { type: 'boolean' },
    odd: { type: 'array' },
  },
}
const fields = fieldsOf(schema)
const field = (key: string): Field => {
  const found = fields.find((one) => one.key === key)
  if (!found) throw new Error(key)
  return found
}

describe('a schema as fields', () => {
  it('has kinds, names and units', () => {
    expect(fields.map((one) => [one.key, one.kind])).toEqual([
      ['modbus_address', 'integer'], ['model', 'choice'], ['capacity_ah', 'number'], ['map', 'text'], ['bench', 'group'], ['quick', 'boolean'], ['odd', 'json'],
    ])
    expect(field('modbus_address').title).toBe('Modbus address')
    expect([field('capacity_ah').title, field('capacity_ah').unit, field('capacity_ah').nullable]).toEqual(['Capacity', 'Ah', true])
    expect(field('bench').help).toBe('The bench.')
    expect(field('bench').fields[0]).toMatchObject({ title: 'Supply', unit: 'Ω' })
  })
  it('shows defaults and tells ranges', () => {
    expect(shownValue(field('modbus_address'), {})).toBe(1)
    expect(helpText(field('modbus_address'))).toBe('1 to 247')
    expect(helpText(field('capacity_ah'))).toBe('more than 0 Ah')
  })
  it('keeps only what differs from the defaults', () => {
    expect(withValue(field('modbus_address'), {}, 7)).toEqual({ modbus_address: 7 })
    expect(withValue(field('modbus_address'), { modbus_address: 7 }, 1)).toEqual({})
    expect(withValue(field('bench'), { bench: { supply_ohm: 1 } }, {})).toEqual({})
  })
  it.each([
    [{}, 'Map: is needed'],
    [{ map: 'abcde' }, 'Map: at most 4 characters'],
    [{ map: 'a', modbus_address: 248 }, 'Modbus address: 1 to 247'],
    [{ map: 'a', modbus_address: 1.5 }, 'Modbus address: a whole number'],
    [{ map: 'a', modbus_address: 'x' }, 'Modbus address: not a number'],
    [{ map: 'a', capacity_ah: 0 }, 'Capacity: more than 0 Ah'],
    [{ map: 'a', bench: { supply_ohm: 11 } }, 'Bench: Supply: 0 to 10 Ω'],
    [{ map: 'a', capacity_ah: null }, ''],
  ])('of %j says %j', (values, problem) => expect(firstProblem(fields, values)).toBe(problem))
  it('is made for values nobody described', () => {
    expect(fieldsOf(schemaFor({ delay_ms: 5, name: 'x', ratio: 0.5, on: true })).map((one) => [one.kind, one.unit])).toEqual([['integer', 'ms'], ['text', ''], ['number', ''], ['boolean', '']])
  })
})
