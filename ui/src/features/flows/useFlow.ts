/** A flow between the draft and the file: loading, saving with the revision it started from, conflicts, outside changes. */
import { computed, onBeforeUnmount, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { flowsApi } from '@/api/endpoints'
import { flowEditsApi, type EditedFlow } from '@/api/flowEdits'
import type { Flow, PutTogether } from '@/api/types'
import { useAction, type Action } from '@/kit/useAction'
import { useLoad, type Load } from '@/kit/useLoad'
import { onFlowChanged } from '@/stores/live'
import { useToasts } from '@/stores/toasts'
import { conflictOf, type Conflict } from '@/features/texts/conflict'
import { writeDraft } from '@/features/texts/drafts'
import { createEditor, type FlowEditor } from './model/editor'
import { keepDraft, restoreDraft } from './model/useDraft'
import { t } from './messages'

export interface FlowEditing {
  load: Load<Flow>
  editor: FlowEditor
  saved: ShallowRef<EditedFlow | null>
  /** The text differs from the file: there is something to save. */
  dirty: ComputedRef<boolean>
  /** It means something else than what is deployed. */
  changed: ComputedRef<boolean>
  restored: Ref<boolean>
  outside: Ref<boolean>
  conflict: ShallowRef<Conflict | null>
  save: Action<[commit?: string]>
  /** Puts the draft and a file that has changed side by side; saves nothing. */
  compare: Action<[]>
  /** Saves this text over the version of a conflict. */
  settle: Action<[text: string]>
  /** The file is being removed from here: its end is no news. */
  isLeaving: Ref<boolean>
  /** This text becomes the draft of the version of a conflict. */
  redraft: (text: string) => void
  /** Takes the file as it is; the draft is one undo step away. */
  discard: () => Promise<void>
}

/** The outline is that of what is deployed: of another text while the file has errors. */
const factsOf = ({ text, revision, logic, ok, findings, outline, deployed_revision }: Flow): EditedFlow => ({ text, revision, logic, ok, findings, outline: deployed_revision === revision ? outline : null })

export function useFlow(id: string, project: string): FlowEditing {
  const toasts = useToasts()
  const editor = createEditor(id, '')
  const saved = shallowRef<EditedFlow | null>(null)
  const base = ref('')
  const conflict = shallowRef<Conflict | null>(null)
  const restored = ref(false)
  const outside = ref(false)
  const isLeaving = ref(false)
  let opened = false

  const load = useLoad(async () => {
    const flow = await flowsApi.get(id)
    editor.file.value = flow.file
    const facts = factsOf(flow)
    const wasClean = saved.value === null || editor.text.value === saved.value.text
    saved.value = facts
    if (!opened) {
      opened = true
      const started = await restoreDraft(editor, project, flow.text)
      restored.value = started !== null
      outside.value = started !== null && started !== flow.revision
      base.value = started ?? flow.revision
    } else if (wasClean) {
      base.value = flow.revision
      if (editor.text.value !== flow.text) editor.replace(flow.text, t('outsideStep'))
    } else outside.value = flow.revision !== base.value
    if (editor.text.value === flow.text) editor.adopt(facts)
    return flow
  })
  const dirty = computed(() => saved.value !== null && editor.text.value !== saved.value.text)
  const changed = computed(() => dirty.value && (editor.facts.value?.text !== editor.text.value || editor.facts.value.logic !== saved.value?.logic))
  keepDraft(editor, project, () => (saved.value ? { text: saved.value.text, revision: base.value } : null))

  function adopt(flow: Flow): void {
    load.data.value = flow
    saved.value = factsOf(flow)
    base.value = flow.revision
    restored.value = outside.value = false
    conflict.value = null
    writeDraft(project, id, editor.text.value === flow.text ? null : { text: editor.text.value, revision: flow.revision })
  }

  async function put(text: string, revision: string, commit?: string): Promise<void> {
    try {
      const flow = await flowsApi.save(id, text, revision, commit)
      adopt(flow)
      if (flow.commit?.error) toasts.show('warning', t('notCommitted'), flow.commit.error)
      else toasts.show('ok', t('saved'))
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.status === 412) return void (conflict.value = conflictOf(problem.args as Partial<PutTogether>))
      if (problem.findings.length && editor.facts.value) editor.adopt({ ...editor.facts.value, ok: false, findings: problem.findings })
      throw problem
    }
  }
  const save = useAction(async (commit?: string) => {
    await editor.settled()
    await put(editor.text.value, base.value, commit)
  })

  const compare = useAction(async () => {
    await editor.settled()
    conflict.value = conflictOf(await flowEditsApi.merge(id, editor.text.value, base.value))
  })

  function redraft(text: string): void {
    const { value: clash } = conflict
    if (!clash) return
    base.value = clash.revision
    outside.value = false
    conflict.value = null
    if (text !== editor.text.value) editor.replace(text, t('mergeStep'))
    else writeDraft(project, id, { text, revision: clash.revision })
    void load.reload()
  }
  const settle = useAction(async (text: string) => {
    const revision = conflict.value?.revision
    if (revision === undefined) return
    redraft(text)
    await put(text, revision)
  })

  async function discard(): Promise<void> {
    conflict.value = null
    const flow = await flowsApi.get(id)
    if (editor.text.value !== flow.text) editor.replace(flow.text, t('discardStep'))
    adopt(flow)
    editor.adopt(factsOf(flow))
  }

  onBeforeUnmount(onFlowChanged((which, revision) => {
    if (which === id && revision !== load.data.value?.revision && !save.busy.value && !isLeaving.value) void load.reload()
  }))
  return { load, editor, saved, dirty, changed, restored, outside, conflict, save, compare, settle, isLeaving, redraft, discard }
}
