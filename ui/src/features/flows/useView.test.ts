import { describe, expect, it } from 'vitest'
import { lookOf } from './useView'

describe('the view a person chose', () => {
  it.each([
    [null, { view: 'canvas', text: null }], ['no json', { view: 'canvas', text: null }], ['{"view":"spreadsheet"}', { view: 'canvas', text: null }],
    ['{"view":"table","text":false}', { view: 'table', text: false }], ['{"view":"yaml","text":true}', { view: 'yaml', text: true }],
  ])('%s', (stored, look) => expect(lookOf(stored)).toEqual(look))
})
