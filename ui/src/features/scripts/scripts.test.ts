/** Parameters of a script as typed, and its output as it comes in. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ScriptLine, ScriptRun } from '@/api/types'
import { useScripts } from '@/stores/scripts'
import { readParameters } from './parameters'

describe('readParameters', () => {
  it('tells numbers, switches and texts apart', () => {
    expect(readParameters('voltage: 3.3\nfast: true\n\ncell: 25R-08\ncode: "007"')).toEqual({ values: { voltage: 3.3, fast: true, cell: '25R-08', code: '007' }, ok: true })
  })
  it('refuses a line that is none', () => {
    expect([readParameters('voltage').ok, readParameters('my name: 3').ok, readParameters('a:').ok]).toEqual([false, false, false])
  })
})

describe('output', () => {
  beforeEach(() => setActivePinia(createPinia()))
  const line = (t: number): ScriptLine => ({ t, stream: 'stdout', text: String(t) })
  it('joins what was printed before with what comes meanwhile, each line once', () => {
    const store = useScripts()
    store.print({ run: 'a', script: 's', lines: [line(2), line(3)], dropped: 0 })
    store.fill({ id: 'a', output: [line(1), line(2)] } as ScriptRun)
    expect(store.output.a?.map((one) => one.t)).toEqual([1, 2, 3])
  })
  it('keeps a bounded number of lines', () => {
    const store = useScripts()
    store.print({ run: 'a', script: 's', lines: Array.from({ length: 2500 }, (_, place) => line(place)), dropped: 0 })
    expect(store.output.a?.length).toBe(2000)
  })
})
