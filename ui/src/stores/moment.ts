/**
 * The time the page shows: now, or a moment of the past that is being played back.
 *
 * Whatever draws live values asks `shownNow` and paints `sampleOf`; both follow the moment, so a whole dashboard can be
 * moved through time. Nothing may be switched while the past is shown: see `isLive`.
 */
import { computed, ref } from 'vue'
import { serverNow } from './clock'

/** Unix seconds of the moment shown; null is now. */
export const moment = ref<number | null>(null)

export const isLive = computed(() => moment.value === null)

/** The right edge of every chart and the end of every age, in Unix seconds. */
export function shownNow(): number {
  return moment.value ?? serverNow()
}
