/** Setting, changing and removing markers; a removed one can be brought back. */
import { markersApi } from '@/api/endpoints'
import type { MarkerDraft } from '@/api/recordings'
import { useMarkerRemoval } from '@/kit/markers'
import { useAction } from '@/kit/useAction'
import { useMarkers } from '@/stores/markers'
import { moment } from '@/stores/moment'
import { t } from '../messages'

export function useMarkerEdit() {
  const markers = useMarkers()

  /** While the past is shown, the marker is set there. */
  const add = useAction(async (draft: MarkerDraft) => {
    const at = moment.value === null ? {} : { timestamp: moment.value }
    markers.apply(await markersApi.add({ ...at, ...draft }))
  })
  const change = useAction(async (id: number, draft: Partial<MarkerDraft>) => markers.apply(await markersApi.change(id, draft)))
  const remove = useMarkerRemoval((label) => t('markerRemoved', { label }))

  return { add, change, remove }
}
