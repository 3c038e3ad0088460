/** Icons of marks: no state is told by colour alone. */
import { mdiCheckCircle, mdiCloseCircle, mdiHelpCircle, mdiMinusCircleOutline, mdiPencilCircle, mdiPlayCircle, mdiPlusCircle, mdiSkipNextCircleOutline } from '@mdi/js'
import type { MarkState } from './marks'

export const markLook: Record<MarkState, { icon: string }> = {
  running: { icon: mdiPlayCircle }, passed: { icon: mdiCheckCircle }, failed: { icon: mdiCloseCircle }, inconclusive: { icon: mdiHelpCircle }, skipped: { icon: mdiSkipNextCircleOutline },
  added: { icon: mdiPlusCircle }, removed: { icon: mdiMinusCircleOutline }, changed: { icon: mdiPencilCircle },
}
