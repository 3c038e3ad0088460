/** Keeps the draft of a flow in this browser: the text at once, the steps back a moment later; both survive a reload. */
import { onBeforeUnmount, watch } from 'vue'
import { readDraft, writeDraft } from '@/features/texts/drafts'
import { t } from '../messages'
import type { FlowEditor, State } from './editor'
import { readKept, writeKept } from './kept'

const SOON_MS = 400

/** Takes up where the person left off; the revision the draft started from, or null when there is none. */
export async function restoreDraft(editor: FlowEditor, project: string, saved: string): Promise<string | null> {
  const draft = readDraft(project, editor.id)
  const kept = await readKept<State>(project, editor.id)
  // The page may have ended before the last steps were kept, or the file changed meanwhile.
  editor.restore(draft?.text ?? saved, kept, t(draft ? 'lastSteps' : 'outsideStep'))
  return draft && draft.text !== saved ? draft.revision : null
}

/** `saved`: the text on disk and its revision as the draft started from it. */
export function keepDraft(editor: FlowEditor, project: string, saved: () => { text: string; revision: string } | null): void {
  let timer = 0
  const flush = () => {
    window.clearTimeout(timer)
    timer = 0
    void writeKept(project, editor.id, editor.timeline.depth || editor.timeline.redoName ? editor.timeline.dump() : null)
  }
  watch(editor.text, (text) => {
    const base = saved()
    if (!base) return
    writeDraft(project, editor.id, text === base.text ? null : { text, revision: base.revision })
    timer ||= window.setTimeout(flush, SOON_MS)
  })
  window.addEventListener('pagehide', flush)
  onBeforeUnmount(() => {
    window.removeEventListener('pagehide', flush)
    if (timer) flush()
  })
}
