/** Writing one entity: waits for the read-back, tells what did not go as wished; `stores/writes` asks what the server asks. */
import type { Ref } from 'vue'
import type { Device, Entity, Scalar } from '@/api/types'
import { useAction } from '@/kit/useAction'
import { useToasts } from '@/stores/toasts'
import { useWrites } from '@/stores/writes'
import { t } from './messages'
import { valueText } from './readings'

export interface Write {
  busy: Ref<boolean>
  request: (value: Scalar) => void
}

/** `target` is asked at every write: the manifest may have changed since. */
export function useWrite(target: () => { device: Device; entity: Entity }): Write {
  const toasts = useToasts()
  const writes = useWrites()

  const action = useAction(async (value: Scalar) => {
    const { device, entity } = target()
    const outcome = await writes.write(device, entity, value)
    if (!outcome) return
    const name = `${device.id} ${entity.name}`
    if (outcome.kind === 'shadowed') toasts.show('info', t('shadowed', { name }))
    else if (outcome.kind === 'unconfirmed') toasts.show('warning', t('unconfirmedWrite', { name }))
    else if (differs(outcome.requested, outcome.read_back)) {
      toasts.show('warning', t('writeOther', { name, value: valueText(entity, outcome.read_back) }))
    }
  })

  return { busy: action.busy, request: (value) => void action.run(value) }
}

/** Rounding to the device's resolution is no deviation worth a word. */
function differs(requested: Scalar, readBack: Scalar): boolean {
  if (readBack === null || readBack === undefined) return false
  if (typeof requested === 'number' && typeof readBack === 'number') {
    return Math.abs(requested - readBack) > Math.max(1e-3, Math.abs(requested) * 1e-3)
  }
  return requested !== readBack
}
