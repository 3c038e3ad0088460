/** Setting, changing and removing markers; a removed one can be brought back. */
import { markersApi } from '@/api/endpoints'
import type { MarkerDraft } from '@/api/recordings'
import type { Marker } from '@/api/types'
import { tc } from '@/i18n/common'
import { useAction } from '@/kit/useAction'
import { useMarkers } from '@/stores/markers'
import { moment } from '@/stores/moment'
import { useToasts } from '@/stores/toasts'
import { t } from '../messages'

export function useMarkerEdit() {
  const markers = useMarkers()
  const toasts = useToasts()

  /** While the past is shown, the marker is set there. */
  const add = useAction(async (entry: MarkerDraft) => {
    const at = moment.value === null ? {} : { timestamp: moment.value }
    markers.apply(await markersApi.add({ ...at, ...entry }))
  })
  const change = useAction(async (id: number, entry: Partial<MarkerDraft>) => markers.apply(await markersApi.change(id, entry)))
  const bringBack = useAction(async ({ label, timestamp, color, notes, device_id }: Marker) => markers.apply(await markersApi.add({ label, timestamp, color: color ?? undefined, notes, device_id })))
  const remove = useAction(async (marker: Marker) => {
    await markersApi.remove(marker.id)
    markers.apply({ ...marker, action: 'deleted' } as Marker)
    toasts.offer(t('markerRemoved', { label: marker.label }), tc('undo'), () => void bringBack.run(marker))
  })

  return { add, change, remove }
}
