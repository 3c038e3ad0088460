import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { Entity } from '@/api/types'
import { useBench } from '@/stores/bench'
import { moment } from '@/stores/moment'
import SetNumber from './SetNumber.vue'
import SetSwitch from './SetSwitch.vue'

const entity = { id: 'v_set', name: 'Set voltage', kind: 'numeric', unit: 'V', access: 'RW', precision: 3, min: 0, max: 60, step: null, options: null, bits: null, group: null, role: null, danger: false } as Entity
const props = { point: 'PSU_01.v_set', entity, busy: false }

describe('what can be set', () => {
  afterEach(() => (moment.value = null))

  it('cannot be set while the page shows the past, and says why', () => {
    moment.value = 1000
    for (const button of [mount(SetNumber, { props }).get('button'), mount(SetSwitch, { props }).get('button')]) {
      expect(button.attributes('disabled')).toBeDefined()
      expect(button.attributes('title')).toContain('shows the past')
    }
  })

  it('cannot be set without the server', () => {
    Object.assign(useBench(), { known: true, link: 'offline' })
    expect(mount(SetNumber, { props }).get('button').attributes('title')).toContain('No connection')
  })

  it('can be set otherwise', () => {
    expect(mount(SetNumber, { props }).get('button').attributes('disabled')).toBeUndefined()
  })
})
