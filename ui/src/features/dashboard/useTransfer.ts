/** Pages and widgets to and from files of this computer. */
import type { ComputedRef } from 'vue'
import type { Page } from '@/api/workspaces'
import { useToasts } from '@/stores/toasts'
import type { Widget } from '@/widgets/contract'
import { titleOf } from './board/faces'
import { t } from './messages'
import { freeTitle } from './model/pages'
import { download, NotOurs, pageFile, readFile, widgetFile } from './model/transfer'
import { useLayout } from './useLayout'
import type { Content, usePages } from './usePages'

export function useTransfer(page: ComputedRef<Page | null>, pages: ReturnType<typeof usePages>) {
  const toasts = useToasts()
  const layout = useLayout()

  function exportPage(): void {
    if (page.value) download(page.value.title, pageFile(page.value))
  }
  function exportWidget(widget: Widget): void {
    download(titleOf(widget), widgetFile(widget))
  }

  function take(content: string): void {
    const found = readFile(content)
    if ('page' in found) {
      const made = { ...found.page, title: freeTitle(layout.pages, found.page.title) }
      pages.addPage(made, t('importStep', { title: made.title }))
      toasts.show('ok', t('imported', { title: made.title }))
    } else if (page.value) {
      const { type, title, bindings, options, layout: size }: Content & Pick<Widget, 'layout'> = found.widget
      pages.addWidget({ type, title, bindings, options }, undefined, size)
      toasts.show('ok', t('imported', { title: titleOf(found.widget) }))
    } else toasts.show('warning', t('openPage'))
  }

  /** Asks for a file and takes what it holds. */
  function importFile(): void {
    const field = document.createElement('input')
    field.type = 'file'
    field.accept = '.json,application/json'
    field.onchange = async () => {
      try {
        take((await field.files?.[0]?.text()) ?? '')
      } catch (problem) {
        toasts.show('error', problem instanceof NotOurs ? t(problem.reason) : String(problem))
      }
    }
    field.click()
  }

  return { exportPage, exportWidget, importFile }
}
