/** Looks up what a widget is bound to. */
import { computed, type ComputedRef } from 'vue'
import { findPoint, type BoundPoint } from '@/kit/live/lookup'

export { findPoint, type BoundPoint }

export function useBoundPoint(point: () => string | undefined): ComputedRef<BoundPoint | null> {
  return computed(() => findPoint(point() ?? ''))
}
