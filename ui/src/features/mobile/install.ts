/** Makes the phone page an app: its worker keeps the shell, the browser offers to install it. */
import { computed, shallowRef } from 'vue'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

interface InstallQuestion extends Event {
  prompt(): Promise<unknown>
  userChoice: Promise<{ outcome: string }>
}

const question = shallowRef<InstallQuestion | null>(null)
export const canInstall = computed(() => question.value !== null)

window.addEventListener('beforeinstallprompt', (event) => {
  if (!location.pathname.startsWith('/mobile')) return
  event.preventDefault()
  question.value = event as InstallQuestion
})

export async function install(): Promise<void> {
  const asked = question.value
  question.value = null
  await asked?.prompt()
  if ((await asked?.userChoice)?.outcome === 'accepted') useToasts().show('ok', t('installed'))
}

/** Only where workers are allowed: https or this machine. Without one the page works all the same. */
export function startWorker(): void {
  if (import.meta.env.PROD && 'serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js', { scope: '/mobile' }).catch(() => undefined)
}
