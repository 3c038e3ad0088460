/** Colours of the theme for canvas drawing, which knows no CSS variables. */
export function css(name: string): string {
  if (!name.startsWith('--')) return name
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888'
}

export function withAlpha(colour: string, alpha: number): string {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour)?.[1]
  if (!hex) return colour
  const [r, g, b] = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
  return `rgb(${r} ${g} ${b} / ${alpha})`
}
