/** Markers of the open project, newest last. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { markersApi } from '@/api/endpoints'
import type { Marker } from '@/api/types'

export const useMarkers = defineStore('markers', () => {
  const list = ref<Marker[]>([])

  async function load(): Promise<void> {
    list.value = (await markersApi.list()).items
  }

  function apply(marker: Marker & { action?: string }): void {
    const rest = list.value.filter((known) => known.id !== marker.id)
    const gone = marker.action === 'deleted' || marker.action === 'removed'
    list.value = gone ? rest : [...rest, marker].sort((a, b) => a.timestamp - b.timestamp)
  }

  return { list, load, apply }
})
