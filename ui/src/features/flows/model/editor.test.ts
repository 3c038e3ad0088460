import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { createEditor } from './editor'

const FIRST = 'version: 1\nid: f\ntitle: One\n'

/** A server whose patcher writes the edit's value behind the text; it answers when it is told to. */
function server(): { asked: string[]; answer: () => Promise<void> } {
  const waiting: (() => void)[] = []
  const asked: string[] = []
  vi.stubGlobal('fetch', (_: string, init: { body: string }) => {
    const { text, edits } = JSON.parse(init.body) as { text: string; edits: { value: string }[] }
    asked.push(text)
    const body = { text: text + edits.map((one) => `${one.value}\n`).join(''), revision: 'r', logic: 'l', ok: true, findings: [], outline: null }
    return new Promise((resolve) => waiting.push(() => { resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'content-type': 'application/json' } })) }))
  })
  const answer = async () => {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0))
    waiting.shift()?.()
    await nextTick()
  }
  return { asked, answer }
}

describe('an edit and typing at the same time', () => {
  beforeEach(() => setActivePinia(createPinia()))

  it('keeps both: the edit is made on what was typed meanwhile', async () => {
    const { asked, answer } = server()
    const editor = createEditor('f', '')
    editor.replace(FIRST, 'open')
    const done = editor.apply('set', () => ({ edits: [{ op: 'set', path: ['x'], value: '# edit' }] }))
    await vi.waitFor(() => expect(asked).toEqual([FIRST]))
    editor.type(FIRST.replace('One', 'Two'), 'typing')
    await answer()
    await answer()
    expect(await done).toBe(true)
    expect(editor.text.value).toBe(`${FIRST.replace('One', 'Two')}# edit\n`)
    editor.undo()
    await editor.settled()
    expect(editor.text.value).toBe(FIRST.replace('One', 'Two'))
  })
})
