/** Markers of the open project, newest last. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { markersApi } from '@/api/endpoints'
import type { Marker } from '@/api/types'

type Change = Marker & { action?: string }

export const useMarkers = defineStore('markers', () => {
  const list = ref<Marker[]>([])
  /** What was heard while a list was on its way: that list may be older than it. */
  const loading = new Set<Change[]>()

  function put(marker: Change): void {
    const rest = list.value.filter((known) => known.id !== marker.id)
    const gone = marker.action === 'deleted' || marker.action === 'removed'
    list.value = gone ? rest : [...rest, marker].sort((a, b) => a.timestamp - b.timestamp)
  }

  async function load(): Promise<void> {
    const heard: Change[] = []
    loading.add(heard)
    try {
      list.value = (await markersApi.list()).items
      heard.forEach(put)
    } finally {
      loading.delete(heard)
    }
  }

  function apply(marker: Change): void {
    loading.forEach((heard) => heard.push(marker))
    put(marker)
  }

  return { list, load, apply }
})
