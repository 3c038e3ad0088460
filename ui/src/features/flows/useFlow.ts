/** One flow being edited: saved version, draft, server check, save with revision and the conflict that may follow. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { flowsApi } from '@/api/endpoints'
import type { Finding, Flow, FlowCheck } from '@/api/types'
import { useAction, type Action } from '@/kit/useAction'
import { useLoad, type Load } from '@/kit/useLoad'
import { onFlowChanged } from '@/stores/live'
import { useToasts } from '@/stores/toasts'
import { readDraft, writeDraft } from './drafts'
import { t } from './messages'

const CHECK_MS = 400

export interface Conflict {
  revision: string
  text: string
}

export interface FlowEditing {
  load: Load<Flow>
  text: Ref<string>
  check: ShallowRef<FlowCheck | null>
  findings: ComputedRef<Finding[]>
  checking: Ref<boolean>
  dirty: ComputedRef<boolean>
  restored: Ref<boolean>
  outside: Ref<boolean>
  conflict: ShallowRef<Conflict | null>
  save: Action<[]>
  overwrite: () => void
  takeTheirs: () => void
  discard: () => void
}

export function useFlow(id: string, project: string): FlowEditing {
  const toasts = useToasts()
  const text = ref('')
  const base = ref('')
  const check = shallowRef<FlowCheck | null>(null)
  const conflict = shallowRef<Conflict | null>(null)
  const checking = ref(false)
  const restored = ref(false)
  const outside = ref(false)
  let timer = 0
  let asked = 0

  const load = useLoad(async () => {
    const flow = await flowsApi.get(id)
    const draft = readDraft(project, id)
    restored.value = draft !== null && draft.text !== flow.text
    base.value = restored.value && draft ? draft.revision : flow.revision
    text.value = restored.value && draft ? draft.text : flow.text
    outside.value = restored.value && draft?.revision !== flow.revision
    if (!restored.value) check.value = flow
    return flow
  })
  const dirty = computed(() => load.data.value !== null && text.value !== load.data.value.text)

  async function checkNow(): Promise<void> {
    const mine = ++asked
    checking.value = true
    try {
      const answer = await flowsApi.check(text.value, load.data.value?.file)
      if (mine === asked) check.value = answer
    } catch (problem) {
      if (mine === asked) toasts.error(problem)
    } finally {
      if (mine === asked) checking.value = false
    }
  }

  watch(text, () => {
    if (!load.data.value && !restored.value) return
    writeDraft(project, id, dirty.value ? { text: text.value, revision: base.value } : null)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void checkNow(), CHECK_MS)
  })

  function adopt(flow: Flow): void {
    load.data.value = flow
    base.value = flow.revision
    text.value = flow.text
    check.value = flow
    restored.value = false
    outside.value = false
    conflict.value = null
    writeDraft(project, id, null)
  }

  /** What was typed while the answer was on its way stays a draft. */
  function saved(flow: Flow, sent: string): void {
    const typed = text.value
    adopt(flow)
    if (typed !== sent) text.value = typed
    toasts.show('ok', t('saved'))
  }

  async function put(revision: string): Promise<void> {
    const sent = text.value
    try {
      saved(await flowsApi.save(id, sent, revision), sent)
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.status === 412) {
        const { current_revision, current_text } = problem.args as { current_revision?: string; current_text?: string }
        conflict.value = { revision: current_revision ?? '', text: current_text ?? '' }
        return
      }
      if (problem.findings.length && check.value) check.value = { ...check.value, ok: false, findings: problem.findings }
      throw problem
    }
  }
  const save = useAction(() => put(base.value))

  function overwrite(): void {
    if (!conflict.value) return
    base.value = conflict.value.revision
    conflict.value = null
    void save.run()
  }

  function discard(): void {
    writeDraft(project, id, null)
    conflict.value = null
    void load.reload()
  }

  const leave = onFlowChanged((changed, revision) => {
    if (changed !== id || revision === load.data.value?.revision || save.busy.value) return
    if (dirty.value) outside.value = true
    else void load.reload()
  })
  onBeforeUnmount(() => {
    leave()
    window.clearTimeout(timer)
  })

  const findings = computed(() => check.value?.findings ?? [])
  return { load, text, check, findings, checking, dirty, restored, outside, conflict, save, overwrite, takeTheirs: discard, discard }
}
