import { describe, expect, it } from 'vitest'
import { placeOf } from './recorded'

describe('place in a recording', () => {
  it('is read from the address', () => {
    expect(placeOf({ session: '3', device: 'PSU_01', from: '100', to: '520' })).toEqual({ session: 3, device: 'PSU_01', span: [100, 520] })
  })
  it.each([[{}], [{ session: 'x' }], [{ device: 'a', from: '1', to: '2' }]])('is none in %o', (query) => {
    expect(placeOf(query)).toBeNull()
  })
  it('has no span when its end is before its start', () => {
    expect(placeOf({ session: '3', from: '9', to: '2' })).toEqual({ session: 3, device: '' })
  })
})
