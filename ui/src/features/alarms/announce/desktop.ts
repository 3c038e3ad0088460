/** Messages on the desktop, if the browser lets us. */
import type { Summary } from './summary'

export type Permission = 'granted' | 'denied' | 'default' | 'unavailable'

export function permission(): Permission {
  return 'Notification' in window && window.isSecureContext ? Notification.permission : 'unavailable'
}

export async function askPermission(): Promise<Permission> {
  if (permission() === 'default') await Notification.requestPermission()
  return permission()
}

/** One message that replaces the one before; a critical one stays until it is looked at. */
export function showOnDesktop(summary: Summary, open: () => void): void {
  if (permission() !== 'granted') return
  try {
    const options = { body: summary.body, tag: 'ionpy-alarms', renotify: true, requireInteraction: summary.severity === 'critical', icon: '/static/icon.svg', silent: true }
    const shown = new Notification(summary.title, options)
    shown.onclick = () => {
      window.focus()
      open()
      shown.close()
    }
  } catch {
    // Some phones know the permission but not the constructor: the page itself still tells.
  }
}
