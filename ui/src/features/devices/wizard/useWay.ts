/** Reading and setting single values of the chosen way. */
import { computed, type WritableComputedRef } from 'vue'
import { parseNumber } from '@/kit/parseNumber'
import { useWizard } from './useWizard'

/** A value of the transport as text; numbers are stored as numbers as soon as they are some. */
export function useWayText(key: string, numeric = false): WritableComputedRef<string> {
  const { way } = useWizard()
  return computed({
    get: () => String(way.value?.transport[key] ?? ''),
    set: (text) => {
      if (way.value) way.value.transport = { ...way.value.transport, [key]: numeric ? (parseNumber(text) ?? text) : text.trim() }
    },
  })
}
