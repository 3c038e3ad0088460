/** Which colours of `tokens.css` stand on which; the contrast of every pair is tested in both themes. */

/** Text needs 4.5 : 1. */
export const TEXT_PAIRS: readonly [ink: string, ground: string][] = [
  ...['--text', '--text-2', '--text-3'].flatMap((ink) => ['--bg', '--panel', '--panel-2', '--field'].map((ground): [string, string] => [ink, ground])),
  ...['--accent', '--ok', '--warn', '--bad'].flatMap((ink) => ['--bg', '--panel', '--panel-2', `${ink}-bg`].map((ground): [string, string] => [ink, ground])),
  ...['--voltage', '--current', '--temp', '--power', '--charge', '--discharge', '--rest'].map((ink): [string, string] => [ink, '--panel']),
  ['--on-accent', '--accent'], ['--on-danger', '--danger'], ['--on-danger', '--danger-hover'], ['--text', '--accent-bg'], ['--text', '--warn-bg'], ['--text', '--bad-bg'],
]

/** Lines, curves and the focus need 3 : 1. */
export const SHAPE_PAIRS: readonly [ink: string, ground: string][] = [
  ...['--s1', '--s2', '--s3', '--s4', '--s5', '--s6'].map((ink): [string, string] => [ink, '--panel']),
  ...['--bg', '--panel', '--panel-2', '--field'].map((ground): [string, string] => ['--focus', ground]),
]

export const COLOURS = ['bg', 'panel', 'panel-2', 'field', 'line', 'line-strong', 'text', 'text-2', 'text-3', 'accent', 'accent-bg', 'ok', 'ok-bg', 'warn', 'warn-bg', 'bad', 'bad-bg', 'danger', 'voltage', 'current', 'temp', 'power', 'charge', 'discharge', 'rest', 's1', 's2', 's3', 's4', 's5', 's6'] as const
export const SIZES = ['text-xs', 'text-s', 'text-m', 'text-l', 'text-xl', 'text-2xl'] as const
export const GAPS = ['gap-1', 'gap-2', 'gap-3', 'gap-4', 'gap-6'] as const

function channels(colour: string): number[] {
  const hex = colour.replace('#', '')
  return [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = channels(colour).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast of two `#rrggbb` colours as WCAG counts it, from 1 to 21. */
export function contrast(a: string, b: string): number {
  const [dark = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (bright + 0.05) / (dark + 0.05)
}

/** The variables of each theme in the text of `tokens.css`. */
export function themesOf(css: string): Record<'dark' | 'light', Record<string, string>> {
  const block = (selector: string) => css.slice(css.indexOf(selector)).match(/\{([^}]*)\}/)?.[1] ?? ''
  const read = (text: string) => Object.fromEntries([...text.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value.trim()]))
  const dark = read(block(':root[data-theme="dark"]'))
  return { dark, light: { ...dark, ...read(block(':root[data-theme="light"]')) } }
}
