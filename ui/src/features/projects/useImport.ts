/** Brings a project in from a zip file, chosen or dropped. */
import { ref } from 'vue'
import { projectAdminApi } from '@/api/shell'
import { useAction } from '@/kit/useAction'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

export function useImport(done: () => void) {
  const toasts = useToasts()
  const name = ref('')
  const over = ref(false)

  const bringIn = useAction(async (file: File) => {
    if (!file.name.toLowerCase().endsWith('.zip')) return toasts.show('warning', t('notZip', { name: file.name }))
    name.value = file.name
    try {
      const project = await projectAdminApi.bringIn(file)
      toasts.show('ok', t('broughtIn', { name: project.name }))
    } finally {
      name.value = ''
    }
    done()
  })

  function chosen(event: Event): void {
    const field = event.target as HTMLInputElement
    const file = field.files?.[0]
    field.value = '' // the same file can be chosen again
    if (file) void bringIn.run(file)
  }
  function dropped(event: DragEvent): void {
    over.value = false
    const file = event.dataTransfer?.files[0]
    if (file) void bringIn.run(file)
  }
  /** Only files are of interest, and the answer must be given at once. */
  function dragged(event: DragEvent): void {
    if (event.dataTransfer?.types.includes('Files')) over.value = true
  }
  return { name, over, chosen, dropped, dragged }
}
