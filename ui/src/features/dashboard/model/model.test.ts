import { describe, expect, it } from 'vitest'
import type { Page } from '@/api/workspaces'
import type { Widget } from '@/widgets/contract'
import { copyOfPage, freePlace, freeTitle, inReadingOrder, movedPage, samePages, withMyCopies, withNewWidget, withPlaces } from './pages'
import { Timeline } from '@/kit/timeline'

const widget = (id: string, x: number, y: number, w = 2, h = 2): Widget => ({ id, type: 'value', title: id, bindings: {}, layout: { x, y, w, h }, options: {} })
const page = (id: string, ...widgets: Widget[]): Page => ({ id, title: id, icon: '', widgets })

describe('places', () => {
  it('a new widget takes the first gap from the top that is wide enough', () => {
    const widgets = [widget('a', 0, 0, 5, 2), widget('b', 7, 0, 5, 2)]
    expect(freePlace(widgets, 2, 2)).toEqual({ x: 5, y: 0, w: 2, h: 2 })
    expect(freePlace(widgets, 3, 2)).toEqual({ x: 0, y: 2, w: 3, h: 2 })
  })
  it('a dropped widget never reaches over the right edge', () => {
    const { widgets } = withNewWidget(page('p'), { type: 'chart', title: '', bindings: {}, options: {} }, { w: 6, h: 4 }, { x: 10, y: 1 })
    expect(widgets[0]?.layout).toEqual({ x: 6, y: 1, w: 6, h: 4 })
  })
  it('a page whose widgets stayed where they were is the same page', () => {
    const before = page('p', widget('a', 1, 2))
    expect(withPlaces(before, new Map([['a', { x: 1, y: 2, w: 2, h: 2 }]]))).toBe(before)
  })
  it('widgets are read in rows from the top, each from the left', () => {
    expect(inReadingOrder([widget('c', 0, 4), widget('b', 6, 0), widget('a', 0, 0)]).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })
})

describe('pages', () => {
  it('a copy shares no id with its original', () => {
    const copy = copyOfPage(page('p', widget('a', 0, 0)), 'copy')
    expect([copy.id, copy.widgets[0]?.id]).not.toEqual(expect.arrayContaining(['p', 'a']))
  })
  it('the first page cannot be moved further to the left', () => {
    const pages = [page('a'), page('b')]
    expect(movedPage(pages, 'a', -1)).toBe(pages)
    expect(movedPage(pages, 'a', 1).map(({ id }) => id)).toEqual(['b', 'a'])
  })
  it('the same content in another order of keys is no change', () => {
    const { id, type, ...rest } = widget('a', 0, 0)
    expect(samePages([page('p', { ...rest, type, id })], [page('p', widget('a', 0, 0))])).toBe(true)
    expect(samePages([page('p', widget('a', 1, 0))], [page('p', widget('a', 0, 0))])).toBe(false)
  })
  it('a taken title gets a number', () => {
    expect(freeTitle([page('Page'), page('Page 2')], 'Page')).toBe('Page 3')
  })
  it('saving as a copy keeps all of theirs and adds only what I changed', () => {
    const [kept, changed] = [page('kept', widget('k', 0, 0)), page('changed', widget('c', 0, 0))]
    const mine = [kept, { ...changed, title: 'mine' }]
    const theirs = [{ ...kept, title: 'theirs' }, changed]
    const merged = withMyCopies([kept, changed], mine, theirs, (title) => `${title} (copy)`)
    expect(merged.map(({ title }) => title)).toEqual(['theirs', 'changed', 'mine (copy)'])
    expect(new Set(merged.flatMap(({ widgets }) => widgets.map(({ id }) => id))).size).toBe(3)
  })
})

describe('Timeline', () => {
  it('goes back and forth over named steps', () => {
    const line = new Timeline(0)
    line.push('one', 1)
    line.push('two', 2)
    line.undo()
    expect([line.now, line.undoName, line.redoName]).toEqual([1, 'one', 'two'])
    line.redo()
    expect([line.now, line.undoName, line.redoName]).toEqual([2, 'two', null])
  })
  it('keys held down are one step', () => {
    const line = new Timeline(0)
    for (const value of [1, 2, 3]) line.push('move', value, 'move:a')
    line.push('move', 4, 'move:b')
    line.undo()
    line.undo()
    expect(line.now).toBe(0)
  })
  it('a new step after an undo forgets what was undone', () => {
    const line = new Timeline(0)
    line.push('one', 1)
    line.undo()
    line.push('other', 5)
    expect(line.redo()).toBe(false)
  })
  it('remembers at least fifty steps', () => {
    const line = new Timeline(0)
    for (let value = 1; value <= 300; value++) line.push('step', value)
    for (let back = 0; back < 60; back++) expect(line.undo()).toBe(true)
    expect(line.now).toBe(240)
  })
})
