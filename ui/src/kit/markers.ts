/** What every place that shows markers shares: their colours, and removing one, which can be undone. */
import { markersApi } from '@/api/endpoints'
import type { Marker } from '@/api/types'
import { tc } from '@/i18n/common'
import { useMarkers } from '@/stores/markers'
import { useToasts } from '@/stores/toasts'
import { useAction, type Action } from './useAction'

/** Readable as a line in a chart on dark and on light ground. */
export const MARKER_COLOURS = ['#3b9cd9', '#2f9e6e', '#c98500', '#d9534f', '#9a6dd7', '#7d8b99'] as const

/** Removes a marker or a region and offers to bring it back as it was; `said` tells that it is gone. */
export function useMarkerRemoval(said: (label: string) => string): Action<[Marker]> {
  const markers = useMarkers()
  const toasts = useToasts()
  const bringBack = useAction(async ({ label, timestamp, ends, device_id, color, notes }: Marker) =>
    markers.apply(await markersApi.add({ label, timestamp, ends, device_id, color: color ?? undefined, notes })))
  return useAction(async (marker: Marker) => {
    await markersApi.remove(marker.id)
    markers.apply({ ...marker, action: 'deleted' })
    toasts.offer(said(marker.label), tc('undo'), () => void bringBack.run(marker))
  })
}
