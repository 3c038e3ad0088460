import { describe, expect, it } from 'vitest'
import { i18n } from '.'

import.meta.glob(['../**/messages.ts', '../features/flows/sentences/names.ts', '../kit/words.ts', './common.ts'], { eager: true }) // each registers its messages
const sources = import.meta.glob<string>(['../**/*.{ts,vue}', '!../**/*.test.ts'], { query: '?raw', import: 'default', eager: true })
/** From the folder of all sources; `./` is this folder. */
const files = new Map(Object.entries(sources).map(([path, text]) => [path.startsWith('../') ? path.slice(3) : `i18n/${path.slice(2)}`, text]))
const roomOf = (text: string) => /defineMessages\('(\w+)'/.exec(text)?.[1] ?? ''
const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)

/** Its keys are the verbs of the server, which no source names. */
const BY_VERB = 'features/flows/sentences/names.ts'

/** Path of an import, without its ending. */
function target(from: string, spec: string): string {
  if (spec.startsWith('@/')) return spec.slice(2)
  return new URL(spec, `file:///${from}`).pathname.slice(1)
}

/** What may use a room's words: who imports it, what stands in its folder, and the words of the server. */
function speakers(path: string): string[] {
  const mine = path.replace(/\.ts$/, '')
  const imports = (other: string, text: string) => [...text.matchAll(/from '([@.][^']*)'/g)].some(([, spec]) => target(other, spec ?? '') === mine)
  return [...files].filter(([other, text]) => other !== path && !roomOf(text) && (other.startsWith('api/') || other.startsWith(folderOf(path)) || imports(other, text))).map(([, text]) => text)
}

/** Keys that no speaker names, neither as a whole nor by the fixed part of a template. */
function unsaid(path: string, room: string): string[] {
  const text = [...speakers(path), files.get(path)?.split(/^export const /m).slice(1).join('') ?? ''].join('\n')
  const whole = new Set([...text.matchAll(/['"`]([\w-]+)['"`]/g)].map((found) => found[1]))
  const parts = [...text.matchAll(/`(\w*)\$\{[^`]*?\}(\w*)`/g)].map(([, start = '', end = '']) => ({ start, end })).filter(({ start, end }) => start || end)
  const keys = Object.keys((i18n.global.getLocaleMessage('en') as Record<string, Record<string, string>>)[room] ?? {})
  return keys.filter((key) => !whole.has(key) && !parts.some(({ start, end }) => key.startsWith(start) && key.endsWith(end)))
}

describe('messages', () => {
  const rooms = [...files].filter(([path, text]) => roomOf(text) && path !== 'i18n/index.ts').map(([path, text]) => [path, roomOf(text)] as const)
  it('are found', () => {
    expect(rooms.length).toBeGreaterThan(40)
    for (const [path, room] of rooms) expect([path, Object.keys(i18n.global.getLocaleMessage('en')[room] ?? {}).length > 0]).toEqual([path, true])
  })
  it.each(rooms.filter(([path]) => path !== BY_VERB))('of %s are all said somewhere', (path, room) => {
    expect(unsaid(path, room)).toEqual([])
  })
})
