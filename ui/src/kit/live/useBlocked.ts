/** Why nothing can be switched now, in words; empty when it can. */
import { computed, type ComputedRef } from 'vue'
import { useBench } from '@/stores/bench'
import { isLive } from '@/stores/moment'
import { t } from './messages'

export function useBlocked(): ComputedRef<string> {
  const bench = useBench()
  return computed(() => {
    if (!isLive.value) return t('past')
    return bench.known && bench.link === 'offline' ? t('lostLink') : ''
  })
}
