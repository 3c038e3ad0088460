/** Sentences of nodes: what the server said of this very text, else what it said of the same lines before, else plain words. */
import { watch } from 'vue'
import type { FlowEditor } from '../model/editor'
import { walk, type FlowNode } from '../model/graph'
import { inWords, plainSentence } from './wording'

const SPOKEN = new Set(['step', 'rule', 'limit'])

export function useWords(editor: FlowEditor): (node: FlowNode) => string {
  const said = new Map<string, string>()
  watch([editor.facts, editor.graph], () => {
    const { sequence, closing } = editor.graph.value
    for (const node of walk([...sequence, ...closing])) {
      const facts = node.kind === 'step' ? editor.factsOf(node) : undefined
      if (facts) said.set(node.source, facts.sentence)
    }
  }, { immediate: true, flush: 'sync' })
  return (node) => {
    if (!SPOKEN.has(node.kind)) return inWords(node)
    return editor.factsOf(node)?.sentence ?? said.get(node.source) ?? plainSentence(node)
  }
}
