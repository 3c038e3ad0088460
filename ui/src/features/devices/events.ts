/** What happened to a device, in words. */
import type { DeviceEvent } from '@/api/deviceLog'
import { textOr } from '@/i18n'
import { tw } from '@/kit/words'
import { t } from './messages'

const STATES = ['online', 'degraded', 'offline', 'error', 'connecting', 'disabled']
const ACTIONS = ['a_held', 'a_left', 'a_driven_safe']

export function eventText(event: DeviceEvent): string {
  switch (event.event) {
    case 'device_state':
      return t('e_device_state', { state: textOr(tw, event.state ?? '', STATES) })
    case 'device_error':
      return t('e_device_error')
    case 'device_note':
      return t('e_device_note')
    case 'device_unsafe':
      return t('e_device_unsafe', { outputs: (event.outputs ?? []).join(', '), action: textOr(t, `a_${event.action ?? ''}`, ACTIONS) })
    case 'write_failed':
      return t('e_write_failed', { entity: event.entity, value: String(event.value) })
    default:
      return t('e_other', { event: event.event.replaceAll('_', ' ') })
  }
}
