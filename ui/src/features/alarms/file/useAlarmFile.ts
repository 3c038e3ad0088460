/** A file about alarms being edited: saved version, draft, findings, and the conflict that may follow a save. */
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import type { AlarmFile } from '@/api/alarmTypes'
import type { Finding } from '@/api/types'
import { useAction, type Action } from '@/kit/useAction'
import { useLoad, type Load } from '@/kit/useLoad'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

export interface Conflict {
  revision: string
  text: string
}

export interface AlarmFileEditing<F extends AlarmFile = AlarmFile> {
  load: Load<F>
  text: Ref<string>
  findings: ComputedRef<Finding[]>
  dirty: ComputedRef<boolean>
  conflict: ShallowRef<Conflict | null>
  save: Action<[]>
  overwrite: () => void
  discard: () => void
}

interface Draft {
  text: string
  etag: string
}

/** What was typed and not saved survives a look at another page; one for each file. */
const drafts: Record<string, Ref<Draft | null>> = {}

export interface AlarmFileApi<F extends AlarmFile> {
  get: () => Promise<F>
  save: (text: string, etag: string) => Promise<F>
}

/** `name` tells files apart; those of a project carry its id. `example` is what an empty file begins with. */
export function useAlarmFile<F extends AlarmFile>(name: string, api: AlarmFileApi<F>, example = ''): AlarmFileEditing<F> {
  const draft = (drafts[name] ??= ref<Draft | null>(null))
  const toasts = useToasts()
  const refused = shallowRef<Finding[] | null>(null)
  const conflict = shallowRef<Conflict | null>(null)
  const load = useLoad(() => api.get())
  const saved = computed(() => load.data.value?.text ?? '')
  const base = computed(() => draft.value?.etag ?? load.data.value?.etag ?? '')
  const text = computed({
    get: () => draft.value?.text ?? (saved.value || example),
    set: (next) => (draft.value = next === saved.value ? null : { text: next, etag: base.value }),
  })
  const dirty = computed(() => draft.value !== null && load.data.value !== null && draft.value.text !== saved.value)
  const findings = computed(() => refused.value ?? load.data.value?.findings ?? [])

  function adopt(answer: F, sent: string): void {
    load.data.value = answer
    refused.value = null
    conflict.value = null
    draft.value = draft.value && draft.value.text !== sent ? { text: draft.value.text, etag: answer.etag } : null
    toasts.show('ok', t('saved'))
  }

  async function put(etag: string): Promise<void> {
    const sent = text.value
    try {
      adopt(await api.save(sent, etag), sent)
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.status === 409 || problem.status === 412) {
        const theirs = await api.get()
        conflict.value = { revision: theirs.etag, text: theirs.text }
      } else if (problem.findings.length) refused.value = problem.findings
      else throw problem
    }
  }
  const save = useAction(() => put(base.value))
  const force = useAction(async () => put(conflict.value?.revision ?? ''))

  function discard(): void {
    draft.value = null
    refused.value = null
    conflict.value = null
    void load.reload()
  }

  return { load, text, findings, dirty, conflict, save, overwrite: () => void force.run(), discard }
}
