import { describe, expect, it } from 'vitest'
import type { Page } from '@/api/workspaces'
import { NotOurs, pageFile, readFile, widgetFile } from './transfer'

const page: Page = { id: 'p', title: 'Bench', icon: '', widgets: [{ id: 'w', type: 'hologram', title: 'T', bindings: { point: { source: 'A.b', type: 'point' } }, layout: { x: 1, y: 2, w: 3, h: 4 }, options: { deep: [1] } }] }

describe('files', () => {
  it('a page comes back as it went, with ids of its own', () => {
    const back = readFile(pageFile(page))
    if (!('page' in back)) throw new Error('no page')
    expect(back.page.id).not.toBe('p')
    expect(back.page).toMatchObject({ title: 'Bench', widgets: [{ type: 'hologram', title: 'T', bindings: page.widgets[0]?.bindings, layout: page.widgets[0]?.layout, options: { deep: [1] } }] })
  })
  it('a widget comes back as a widget', () => {
    expect(readFile(widgetFile(page.widgets[0]!))).toMatchObject({ widget: { type: 'hologram' } })
  })
  it.each([
    ['{', 'notJson'],
    ['[]', 'notOurs'],
    ['{"ionpy": "page", "schema_version": 1}', 'notOurs'],
    ['{"ionpy": "widget", "schema_version": 1, "widget": {"type": 5}}', 'notOurs'],
    ['{"ionpy": "page", "schema_version": 2, "page": {}}', 'tooNew'],
  ])('%s is refused as %s', (content, reason) => {
    expect(() => readFile(content)).toThrow(new NotOurs(reason as 'notJson'))
  })
  it('a place outside of the grid is brought inside', () => {
    const content = JSON.stringify({ ionpy: 'widget', schema_version: 1, widget: { type: 'value', layout: { x: 99, y: -1, w: 50, h: 'tall' } } })
    expect(readFile(content)).toMatchObject({ widget: { layout: { x: 0, y: 0, w: 12, h: 3 } } })
  })
})
