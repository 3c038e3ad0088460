/** Judges the address of a framed page before the browser is asked to load it. */
export type Judgement = { ok: true; url: string; origin: string } | { ok: false; reason: 'none' | 'bad' | 'refused'; origin: string }

export function judge(text: string, allowed: readonly string[]): Judgement {
  if (!text.trim()) return { ok: false, reason: 'none', origin: '' }
  let url: URL
  try {
    url = new URL(text.trim())
  } catch {
    return { ok: false, reason: 'bad', origin: '' }
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.username) return { ok: false, reason: 'bad', origin: '' }
  if (!allowed.includes(url.origin)) return { ok: false, reason: 'refused', origin: url.origin }
  return { ok: true, url: url.href, origin: url.origin }
}

/** The same address, but nothing a cache would answer. */
export function renewed(url: string, turn: number): string {
  if (!turn) return url
  const fresh = new URL(url)
  fresh.searchParams.set('_', String(turn))
  return fresh.href
}
