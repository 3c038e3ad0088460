/**
 * The part of Markdown that people use in a few sentences of advice, read into a tree of blocks and spans.
 *
 * There is no HTML in it: what looks like a tag stays text. Links lead to http(s), mail or a page of this server;
 * any other scheme stays text as well.
 */
export type Span =
  | { kind: 'text' | 'code' | 'strong' | 'em'; text: string }
  | { kind: 'link'; text: string; href: string }

export type Block =
  | { kind: 'paragraph' | 'quote'; spans: Span[] }
  | { kind: 'heading'; level: 1 | 2 | 3; spans: Span[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; items: Span[][] }

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^()\s]+)\)|(https?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?])/g
const SAFE = /^(https?:\/\/|mailto:|\/(?!\/)|#)/i

function link(text: string, href: string, raw: string): Span {
  return SAFE.test(href) ? { kind: 'link', text, href } : { kind: 'text', text: raw }
}

function spanOf(match: RegExpMatchArray): Span {
  const [raw, code, strong, strong2, em, text, href, url] = match
  if (code !== undefined) return { kind: 'code', text: code }
  if (strong ?? strong2) return { kind: 'strong', text: strong ?? strong2 ?? '' }
  if (em !== undefined) return { kind: 'em', text: em }
  if (text !== undefined && href !== undefined) return link(text, href, raw)
  return link(url ?? '', url ?? '', raw)
}

export function parseSpans(text: string): Span[] {
  const spans: Span[] = []
  let from = 0
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) spans.push({ kind: 'text', text: text.slice(from, match.index) })
    spans.push(spanOf(match))
    from = match.index + match[0].length
  }
  if (from < text.length) spans.push({ kind: 'text', text: text.slice(from) })
  return spans
}

const ITEM = /^\s*(?:([-*+])|(\d{1,3})[.)])\s+(.*)$/
const HEADING = /^(#{1,3})\s+(.*)$/
const FENCE = /^\s*```/

/** Takes lines as long as they belong to one block and returns where the next one begins. */
function takeFence(lines: string[], start: number, blocks: Block[]): number {
  let end = start + 1
  while (end < lines.length && !FENCE.test(lines[end] ?? '')) end += 1
  blocks.push({ kind: 'code', text: lines.slice(start + 1, end).join('\n') })
  return end + 1
}

function takeList(lines: string[], start: number, blocks: Block[]): number {
  const ordered = ITEM.exec(lines[start] ?? '')?.[2] !== undefined
  const items: string[] = []
  let at = start
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const item = ITEM.exec(line)
    if (item && (item[2] !== undefined) === ordered) items.push(item[3] ?? '')
    else if (items.length && /^\s+\S/.test(line) && !item) items[items.length - 1] += ` ${line.trim()}`
    else break
  }
  blocks.push({ kind: 'list', ordered, items: items.map(parseSpans) })
  return at
}

const ends = (line: string) => !line.trim() || FENCE.test(line) || ITEM.test(line) || HEADING.test(line) || line.startsWith('>')

function takeParagraph(lines: string[], start: number, blocks: Block[]): number {
  let end = start + 1
  while (end < lines.length && !ends(lines[end] ?? '')) end += 1
  blocks.push({ kind: 'paragraph', spans: parseSpans(lines.slice(start, end).map((line) => line.trim()).join(' ')) })
  return end
}

export function parseMarkdown(text: string): Block[] {
  const lines = text.replaceAll('\r', '').split('\n')
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    const heading = HEADING.exec(line)
    if (!line.trim()) at += 1
    else if (FENCE.test(line)) at = takeFence(lines, at, blocks)
    else if (ITEM.test(line)) at = takeList(lines, at, blocks)
    else if (heading) {
      blocks.push({ kind: 'heading', level: (heading[1]?.length ?? 1) as 1 | 2 | 3, spans: parseSpans(heading[2] ?? '') })
      at += 1
    } else if (line.startsWith('>')) {
      blocks.push({ kind: 'quote', spans: parseSpans(line.replace(/^>\s?/, '')) })
      at += 1
    } else at = takeParagraph(lines, at, blocks)
  }
  return blocks
}
