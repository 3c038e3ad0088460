/** A script between the draft and the file: loading, checking, saving with the revision it started from, conflicts, outside changes. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { scriptsApi } from '@/api/endpoints'
import type { FindingsOf, Script } from '@/api/types'
import { conflictOf, type Conflict } from '@/features/texts/conflict'
import { readDraft, writeDraft } from '@/features/texts/drafts'
import { useAction, type Action } from '@/kit/useAction'
import { useLoad, type Load } from '@/kit/useLoad'
import { onServerEvent } from '@/stores/live'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

const CHECK_MS = 350
const LOOK_MS = 4000
const NATIVE = /^#\s*ionpy:\s*native\s*$/

export interface ScriptEditing {
  name: string
  load: Load<Script>
  text: Ref<string>
  saved: ShallowRef<Script | null>
  check: ShallowRef<FindingsOf>
  /** The findings are not yet those of the text. */
  checking: Ref<boolean>
  native: ComputedRef<boolean>
  dirty: ComputedRef<boolean>
  restored: Ref<boolean>
  outside: Ref<boolean>
  /** The file was removed while it was open. */
  gone: Ref<boolean>
  conflict: ShallowRef<Conflict | null>
  save: Action<[commit?: string]>
  /** Puts the draft and a file that has changed side by side; saves nothing. */
  compare: Action<[]>
  /** Saves this text over the version of a conflict. */
  settle: Action<[text: string]>
  /** This text becomes the draft of the version of a conflict. */
  redraft: (text: string) => void
  discard: () => Promise<void>
}

export const isNative = (text: string) => text.split('\n', 5).some((line) => NATIVE.test(line.trim()))

/** Only comments and blank lines differ; in a text with long strings nobody knows. */
export function isQuiet(before: string, after: string): boolean {
  const code = (text: string) => text.split('\n').map((line) => line.trimEnd()).filter((line) => line && !line.trimStart().startsWith('#')).join('\n')
  return !/"""|'''/.test(before + after) && isNative(before) === isNative(after) && code(before) === code(after)
}

/** The findings of a text, a moment after the last key. */
function useCheck(name: string, text: Ref<string>, saved: ShallowRef<Script | null>): Pick<ScriptEditing, 'check' | 'checking'> {
  const check = shallowRef<FindingsOf>({ ok: true, findings: [] })
  const checking = ref(false)
  let timer = 0
  let asked = 0
  watch([text, saved], ([next, file]) => {
    window.clearTimeout(timer)
    const mine = ++asked
    if (file?.text === next) {
      check.value = { ok: file.ok, findings: file.findings }
      checking.value = false
      return
    }
    checking.value = true
    timer = window.setTimeout(async () => {
      const found = await scriptsApi.check(next, name).catch(() => null)
      if (mine !== asked) return
      if (found) check.value = found
      checking.value = false
    }, CHECK_MS)
  })
  onBeforeUnmount(() => window.clearTimeout(timer))
  return { check, checking }
}

export function useScript(name: string, project: string): ScriptEditing {
  const toasts = useToasts()
  const text = ref('')
  const saved = shallowRef<Script | null>(null)
  const base = ref('')
  const conflict = shallowRef<Conflict | null>(null)
  const [restored, outside, gone] = [ref(false), ref(false), ref(false)]
  const key = `script:${name}`
  const { check, checking } = useCheck(name, text, saved)

  function open(script: Script): void {
    const draft = readDraft(project, key)
    text.value = draft?.text ?? script.text
    base.value = draft?.revision ?? script.revision
    restored.value = draft !== null && draft.text !== script.text
    outside.value = restored.value && base.value !== script.revision
  }
  const load = useLoad(async () => {
    const script = await scriptsApi.get(name)
    const before = saved.value
    const wasClean = before !== null && text.value === before.text
    saved.value = script
    gone.value = false
    if (before === null) open(script)
    else if (wasClean) [text.value, base.value] = [script.text, script.revision]
    else outside.value = script.revision !== base.value
    return script
  })
  const dirty = computed(() => saved.value !== null && (gone.value || text.value !== saved.value.text))
  const native = computed(() => isNative(text.value))
  watch([text, gone], () => {
    if (saved.value) writeDraft(project, key, dirty.value ? { text: text.value, revision: base.value } : null)
  })

  function adopt(script: Script): void {
    load.data.value = saved.value = script
    base.value = script.revision
    restored.value = outside.value = gone.value = false
    conflict.value = null
    writeDraft(project, key, text.value === script.text ? null : { text: text.value, revision: script.revision })
  }
  async function put(next: string, revision: string, commit?: string): Promise<void> {
    try {
      const script = await scriptsApi.save(name, next, revision, commit)
      adopt(script)
      if (script.commit?.error) toasts.show('warning', t('notCommitted'), script.commit.error)
      else toasts.show('ok', t('saved'))
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.status === 412 && problem.args.deleted) gone.value = true
      else if (problem.status === 412) return void (conflict.value = conflictOf(problem.args))
      if (problem.findings.length) check.value = { ok: false, findings: problem.findings }
      throw problem
    }
  }
  const save = useAction((commit?: string) => put(text.value, gone.value ? '' : base.value, commit))

  const compare = useAction(async () => {
    conflict.value = conflictOf(await scriptsApi.merge(name, text.value, base.value))
  })
  function redraft(next: string): void {
    const { value: clash } = conflict
    if (!clash) return
    base.value = clash.revision
    outside.value = false
    conflict.value = null
    text.value = next
    writeDraft(project, key, { text: next, revision: clash.revision })
    void load.reload()
  }
  const settle = useAction(async (next: string) => {
    const revision = conflict.value?.revision
    if (revision === undefined) return
    redraft(next)
    await put(next, revision)
  })
  async function discard(): Promise<void> {
    conflict.value = null
    const script = await scriptsApi.get(name)
    text.value = script.text
    adopt(script)
  }

  /** Files change by other programs, too: nothing tells of them. */
  async function look(): Promise<void> {
    if (document.visibilityState !== 'visible' || !saved.value || save.busy.value) return
    const item = await scriptsApi.list().then((list) => list.items.find((one) => one.name === name) ?? null, () => undefined)
    if (item === undefined || save.busy.value || !saved.value) return
    if (item === null) gone.value = true
    else if (gone.value || item.revision !== saved.value.revision) await load.reload()
  }
  const timer = window.setInterval(() => void look(), LOOK_MS)
  const leave = onServerEvent<{ name: string }>('script_changed', (changed) => { if (changed.name === name) void look() })
  onBeforeUnmount(() => {
    window.clearInterval(timer)
    leave()
  })
  return { name, load, text, saved, check, checking, native, dirty, restored, outside, gone, conflict, save, compare, settle, redraft, discard }
}
