/** Puts text on the clipboard; also without `navigator.clipboard`, which plain http on a LAN does not have. */
import { tc } from '@/i18n/common'
import { useToasts } from '@/stores/toasts'

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}

export async function copyText(text: string): Promise<void> {
  const toasts = useToasts()
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text)
    else if (!copyBySelection(text)) throw new Error(tc('copyFailed'))
    toasts.show('ok', tc('copied'))
  } catch {
    toasts.show('warning', tc('copyFailed'))
  }
}
