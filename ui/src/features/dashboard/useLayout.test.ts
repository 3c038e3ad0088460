import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/client'
import { workspacesApi, type ActiveLayout, type Page } from '@/api/workspaces'
import { useLayout } from './useLayout'

const page = (title: string): Page => ({ id: 'p', title, icon: '', widgets: [] })
const layout = (revision: string, ...pages: Page[]): ActiveLayout => ({ revision, pages, findings: [] })

describe('the layout of a project', () => {
  beforeEach(() => {
    sessionStorage.clear()
    vi.restoreAllMocks()
  })
  const serve = (answer: ActiveLayout) => vi.spyOn(workspacesApi, 'active').mockResolvedValue(answer)
  const refuse = (current: ActiveLayout) => vi.spyOn(workspacesApi, 'save').mockRejectedValue(new ApiError(412, { code: 'STALE_REVISION', message: 'no', args: { current } }))

  it('what somebody else saved shows at once when nothing was changed here', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    serve(layout('2', page('B')))
    await store.refresh('lab')
    expect([store.pages[0]?.title, store.dirty, store.theirs]).toEqual(['B', false, null])
  })
  it('what somebody else saved waits while there are changes of mine', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    store.commit('mine', [page('Mine')])
    serve(layout('2', page('B')))
    await store.refresh('lab')
    expect([store.pages[0]?.title, store.theirs?.revision]).toEqual(['Mine', '2'])
    store.takeTheirs()
    expect([store.pages[0]?.title, store.dirty]).toEqual(['B', false])
    store.undo()
    expect([store.pages[0]?.title, store.dirty]).toEqual(['Mine', true])
  })
  it('a refused save changes nothing here and brings what is there', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    store.commit('mine', [page('Mine')])
    refuse(layout('2', page('B')))
    await store.save()
    expect([store.pages[0]?.title, store.dirty, store.theirs?.revision, store.saving]).toEqual(['Mine', true, '2', false])
  })
  it('undoing everything is no change', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    store.commit('mine', [page('Mine')])
    store.undo()
    expect(store.dirty).toBe(false)
    expect(sessionStorage.length).toBe(0)
  })
  it('changes of before a reload come back, also over what was saved meanwhile', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    store.commit('mine', [page('Mine')])
    store.$dispose()
    const again = useLayout()
    again.project = ''
    serve(layout('2', page('B')))
    await again.refresh('lab')
    expect([again.pages[0]?.title, again.restored, again.theirs?.revision]).toEqual(['Mine', true, '2'])
  })
  it('another project begins with its own pages', async () => {
    const store = useLayout()
    serve(layout('1', page('A')))
    await store.refresh('lab')
    store.commit('mine', [page('Mine')])
    serve(layout('9', page('Z')))
    await store.refresh('other')
    expect([store.pages[0]?.title, store.dirty, store.undoName]).toEqual(['Z', false, null])
  })
})
