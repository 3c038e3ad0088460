import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import MarkdownText from './MarkdownText.vue'
import { parseMarkdown, parseSpans } from './parse'

const html = (text: string) => mount(MarkdownText, { props: { text }, global: { stubs: { RouterLink: { template: '<a><slot /></a>' } } } }).element as HTMLElement

describe('markdown', () => {
  it('reads headings, lists, code and paragraphs', () => {
    const blocks = parseMarkdown('# Do\n\n1. Stop\n2. Look\n   closely\n\n- a\n- b\n\n```\nx = 1\n```\nlast\nline')
    expect(blocks.map((block) => block.kind)).toEqual(['heading', 'list', 'list', 'code', 'paragraph'])
    expect(blocks[1]).toMatchObject({ ordered: true, items: [[{ text: 'Stop' }], [{ text: 'Look closely' }]] })
    expect(blocks[4]).toMatchObject({ spans: [{ text: 'last line' }] })
  })
  it('reads emphasis, code and links', () => {
    expect(parseSpans('**Stop** the `CH1` *now*, see [chart](/history) or https://x.de/a.')).toEqual([
      { kind: 'strong', text: 'Stop' }, { kind: 'text', text: ' the ' }, { kind: 'code', text: 'CH1' }, { kind: 'text', text: ' ' },
      { kind: 'em', text: 'now' }, { kind: 'text', text: ', see ' }, { kind: 'link', text: 'chart', href: '/history' },
      { kind: 'text', text: ' or ' }, { kind: 'link', text: 'https://x.de/a', href: 'https://x.de/a' }, { kind: 'text', text: '.' },
    ])
  })
  it.each(['[x](javascript:alert(1))', '[x](JaVaScRiPt:alert)', '[x](data:text/html,hi)', '[x](//evil.example)', '[x](vbscript:x)'])('keeps %s as text', (text) => {
    expect(html(text).querySelectorAll('a')).toHaveLength(0)
    expect(html(text).textContent).toContain('[x](')
  })
  it.each(['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '**<b onclick=x>**', '`<i>`', '- <svg onload=alert(1)>', '[<img src=x>](https://a.b)'])('makes no element of %s', (text) => {
    expect(html(text).querySelectorAll('img, script, b, i, svg')).toHaveLength(0)
  })
  it('ends with an unclosed fence', () => {
    expect(parseMarkdown('```\nx')).toEqual([{ kind: 'code', text: 'x' }])
  })
  it('reads anything', () => {
    for (const text of ['', '\n\n', '*', '**', '[](', '>', '#', '- ', '1. ', '```', '[a](b'.repeat(200)]) expect(() => html(text)).not.toThrow()
  })
})
