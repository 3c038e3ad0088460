/** Writing one entity: asks where danger is declared, waits for the read-back, tells what did not go as wished. */
import { ref, type Ref } from 'vue'
import { devicesApi } from '@/api/endpoints'
import type { Device, Entity, Scalar } from '@/api/types'
import { useAction } from '@/kit/useAction'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'
import { valueText } from './readings'

export interface Write {
  busy: Ref<boolean>
  /** The value a person must confirm before it is written; null: nothing to confirm. */
  asked: Ref<{ value: Scalar } | null>
  request: (value: Scalar) => void
  confirm: () => void
  cancel: () => void
}

export function useWrite(device: Device, entity: Entity): Write {
  const toasts = useToasts()
  const asked = ref<{ value: Scalar } | null>(null)

  const action = useAction(async (value: Scalar) => {
    const outcome = await devicesApi.write(device.id, entity.id, value)
    const name = `${device.id} ${entity.name}`
    if (outcome.kind === 'shadowed') toasts.show('info', t('shadowed', { name }))
    else if (outcome.kind === 'unconfirmed') toasts.show('warning', t('unconfirmedWrite', { name }))
    else if (differs(outcome.requested, outcome.read_back)) {
      toasts.show('warning', t('writeOther', { name, value: valueText(entity, outcome.read_back) }))
    }
  })

  function confirm(): void {
    const wish = asked.value
    asked.value = null
    if (wish) void action.run(wish.value)
  }

  function request(value: Scalar): void {
    if (entity.danger) asked.value = { value }
    else void action.run(value)
  }

  return { busy: action.busy, asked, request, confirm, cancel: () => (asked.value = null) }
}

/** Rounding to the device's resolution is no deviation worth a word. */
function differs(requested: Scalar, readBack: Scalar): boolean {
  if (readBack === null || readBack === undefined) return false
  if (typeof requested === 'number' && typeof readBack === 'number') {
    return Math.abs(requested - readBack) > Math.max(1e-3, Math.abs(requested) * 1e-3)
  }
  return requested !== readBack
}
