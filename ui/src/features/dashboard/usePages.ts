/** What people do with pages and widgets, each as one named step that can be undone. */
import type { ComputedRef } from 'vue'
import type { Page } from '@/api/workspaces'
import { useToasts } from '@/stores/toasts'
import type { Layout, Widget } from '@/widgets/contract'
import { kindOf } from '@/widgets'
import { titleOf } from './board/faces'
import { copyOfPage, freePlace, freeTitle, movedPage, newId, withNewWidget, withPage, withPlaces, withWidget, withoutWidget } from './model/pages'
import { t } from './messages'
import { widgetFor } from './points/fitting'
import { useLayout } from './useLayout'

export type Content = Omit<Widget, 'id' | 'layout'>

export function usePages(page: ComputedRef<Page | null>, show: (id: string) => void) {
  const layout = useLayout()
  const toasts = useToasts()

  function onPage(name: string, change: (page: Page) => Page, key = ''): void {
    const present = page.value
    if (!present) return
    const next = change(present)
    if (next !== present) layout.commit(name, withPage(layout.pages, present.id, () => next), key)
  }
  const sizeOf = (type: string) => kindOf(type)?.size ?? { w: 3, h: 3 }

  function addPage(made: Page, name = t('pageStep', { title: made.title })): void {
    layout.commit(name, [...layout.pages, made])
    show(made.id)
  }
  function newPage(): void {
    addPage({ id: newId('p'), title: freeTitle(layout.pages, t('page')), icon: '', widgets: [] })
  }
  function duplicatePage(): void {
    if (page.value) addPage(copyOfPage(page.value, freeTitle(layout.pages, t('copyOf', { title: page.value.title }))))
  }
  function renamePage(title: string): void {
    onPage(t('renameStep', { title }), (present) => ({ ...present, title }))
  }
  function movePage(by: -1 | 1): void {
    if (page.value) layout.commit(t('orderStep'), movedPage(layout.pages, page.value.id, by))
  }
  function removePage(): void {
    const gone = page.value
    if (!gone) return
    const place = layout.pages.indexOf(gone)
    const rest = layout.pages.filter((one) => one !== gone)
    layout.commit(t('deletePageStep', { title: gone.title }), rest)
    show(rest[Math.min(place, rest.length - 1)]?.id ?? '')
    toasts.offer(t('pageDeleted', { title: gone.title }), t('undo'), () => {
      if (layout.pages.some((one) => one.id === gone.id)) return
      layout.commit(t('pageStep', { title: gone.title }), [...layout.pages.slice(0, place), gone, ...layout.pages.slice(place)])
      show(gone.id)
    })
  }

  function addWidget(content: Content, at?: { x: number; y: number }, size: { w: number; h: number } = sizeOf(content.type)): void {
    onPage(t('addStep', { title: titleOf(content) }), (present) => withNewWidget(present, content, size, at))
  }
  /** The widget that shows this point best where there is room, or where it was dropped: others have made way. */
  function addPoint(point: string, at?: { x: number; y: number }, places: Map<string, Layout> = new Map()): void {
    const content = widgetFor(point)
    if (!content) return toasts.show('warning', t('noWidget'))
    onPage(t('addStep', { title: titleOf(content) }), (present) => withNewWidget(withPlaces(present, places), content, sizeOf(content.type), at))
  }
  function changeWidget(id: string, content: Content): void {
    onPage(t('editStep', { title: titleOf(content) }), (present) => withWidget(present, id, (widget) => ({ ...widget, ...content })))
  }
  function duplicateWidget(widget: Widget): void {
    const copy = (present: Page) => ({ ...present, widgets: [...present.widgets, { ...widget, id: newId('w'), layout: freePlace(present.widgets, widget.layout.w, widget.layout.h) }] })
    onPage(t('duplicateStep', { title: titleOf(widget) }), copy)
  }
  function removeWidget(widget: Widget): void {
    const title = titleOf(widget)
    const id = page.value?.id ?? ''
    onPage(t('deleteStep', { title }), (present) => withoutWidget(present, widget.id))
    toasts.offer(t('deleted', { title }), t('undo'), () => {
      const back = (present: Page) => (present.widgets.some((one) => one.id === widget.id) ? present : { ...present, widgets: [...present.widgets, widget] })
      layout.commit(t('addStep', { title }), withPage(layout.pages, id, back))
    })
  }
  /** Keys that move one widget again and again are one step. */
  function placeWidgets(places: Map<string, Layout>, moved: Widget): void {
    onPage(t('moveStep', { title: titleOf(moved) }), (present) => withPlaces(present, places), `move:${moved.id}`)
  }

  return { addPage, newPage, duplicatePage, renamePage, movePage, removePage, addWidget, addPoint, changeWidget, duplicateWidget, removeWidget, placeWidgets }
}
