/** The pages of the open project while they are looked at and edited: draft, undo, save, and who else saved. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { workspacesApi, type ActiveLayout, type Page } from '@/api/workspaces'
import { forgetDraft, readDraft, writeDraft } from './model/draft'
import { samePages, withMyCopies } from './model/pages'
import { Timeline } from '@/kit/timeline'
import { t } from './messages'

export const useLayout = defineStore('layout', () => {
  const project = ref('')
  const error = shallowRef<unknown>(null)
  /** As the server has it; null until it was read. */
  const saved = shallowRef<ActiveLayout | null>(null)
  const pages = shallowRef<Page[]>([])
  /** What somebody else saved while there are changes of mine. */
  const theirs = shallowRef<ActiveLayout | null>(null)
  /** Changes of before a reload were taken up again. */
  const restored = ref(false)
  const saving = ref(false)
  const undoName = ref<string | null>(null)
  const redoName = ref<string | null>(null)
  const timeline = new Timeline<Page[]>([])
  const dirty = computed(() => saved.value !== null && !samePages(pages.value, saved.value.pages))

  function show(): void {
    pages.value = timeline.now
    undoName.value = timeline.undoName
    redoName.value = timeline.redoName
    if (!saved.value) return
    if (dirty.value) writeDraft(project.value, { base: saved.value, pages: pages.value })
    else forgetDraft(project.value)
  }

  /** A change with the name undo shows; `key` joins steps that belong together. */
  function commit(name: string, next: Page[], key = ''): void {
    if (next === timeline.now) return
    timeline.push(name, next, key)
    show()
  }
  function undo(): string | null {
    const name = timeline.undoName
    timeline.undo()
    show()
    return name
  }
  function redo(): string | null {
    const name = timeline.redoName
    timeline.redo()
    show()
    return name
  }

  function begin(layout: ActiveLayout): void {
    saved.value = layout
    theirs.value = null
    timeline.reset(layout.pages)
    const draft = readDraft(project.value)
    restored.value = Boolean(draft && !samePages(draft.pages, layout.pages))
    if (draft && restored.value) {
      timeline.push(t('restoredStep'), draft.pages)
      if (draft.base.revision !== layout.revision) {
        saved.value = draft.base
        theirs.value = layout
      }
    }
    show()
  }

  function meet(layout: ActiveLayout): void {
    if (layout.revision === saved.value?.revision) theirs.value = null
    else if (dirty.value && !samePages(pages.value, layout.pages)) theirs.value = layout
    else begin(layout)
  }

  /** Reads what the server has: at first, after a break of the connection, and when somebody saved. */
  async function refresh(id: string): Promise<void> {
    if (project.value !== id) {
      project.value = id
      saved.value = null
      timeline.reset([])
      pages.value = []
    }
    try {
      const layout = await workspacesApi.active()
      if (project.value !== id || saving.value) return
      error.value = null
      if (saved.value) meet(layout)
      else begin(layout)
    } catch (problem) {
      if (project.value === id && !saved.value) error.value = problem
    }
  }

  /** The server may have trimmed a title; what was changed since stays changed. */
  function accept(layout: ActiveLayout, sent: Page[]): void {
    saved.value = layout
    if (pages.value === sent && dirty.value) timeline.replace(layout.pages)
    theirs.value = null
    restored.value = false
    show()
  }

  async function put(revision: string, next: Page[]): Promise<void> {
    saving.value = true
    try {
      accept(await workspacesApi.save(revision, next), next)
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 412) throw problem
      theirs.value = problem.args.current as ActiveLayout
    } finally {
      saving.value = false
    }
  }

  async function save(): Promise<void> {
    if (saved.value && !theirs.value) await put(saved.value.revision, pages.value)
  }
  async function keepMine(): Promise<void> {
    if (theirs.value) await put(theirs.value.revision, pages.value)
  }
  /** Theirs, with what I changed as pages of its own. */
  async function saveCopy(): Promise<void> {
    const other = theirs.value
    if (!other || !saved.value) return
    const merged = withMyCopies(saved.value.pages, pages.value, other.pages, (title) => t('myCopy', { title }))
    commit(t('copyStep'), merged)
    await put(other.revision, merged)
  }
  function takeTheirs(): void {
    const other = theirs.value
    if (!other) return
    timeline.push(t('theirsStep'), other.pages)
    accept(other, other.pages)
  }
  function discard(): void {
    if (saved.value) commit(t('discardStep'), saved.value.pages)
    restored.value = false
  }

  return { project, error, saved, pages, theirs, restored, saving, dirty, undoName, redoName, commit, undo, redo, refresh, save, keepMine, saveCopy, takeTheirs, discard }
})
