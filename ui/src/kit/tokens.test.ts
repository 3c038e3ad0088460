import { describe, expect, it } from 'vitest'
import { COLOURS, contrast, GAPS, SHAPE_PAIRS, SIZES, TEXT_PAIRS, themesOf } from './tokens'
import css from './tokens.css?raw'

const themes = themesOf(css)
const weak = (theme: Record<string, string>, pairs: readonly [string, string][], least: number) =>
  pairs.map(([ink, ground]) => ({ pair: `${ink} on ${ground}`, ratio: contrast(theme[ink] ?? '', theme[ground] ?? '') })).filter((one) => !(one.ratio >= least)).map((one) => `${one.pair}: ${one.ratio.toFixed(2)}`)

describe('tokens', () => {
  it('measures contrast as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 1)
  })
  it.each(['dark', 'light'] as const)('text is readable on every ground of the %s theme', (name) => {
    expect(weak(themes[name], TEXT_PAIRS, 4.5)).toEqual([])
  })
  it.each(['dark', 'light'] as const)('curves and focus are seen on every ground of the %s theme', (name) => {
    expect(weak(themes[name], SHAPE_PAIRS, 3)).toEqual([])
  })
  it('both themes know the same colours, and the gallery shows them', () => {
    const own = css.slice(css.indexOf(':root[data-theme="light"]')).match(/\{([^}]*)\}/)?.[1] ?? ''
    for (const name of COLOURS) expect(`${name} ${own.includes(`--${name}:`)}`).toBe(`${name} true`)
  })
  it('has every size that the gallery shows', () => {
    for (const name of [...SIZES, ...GAPS]) expect(css).toContain(`--${name}:`)
  })
})
