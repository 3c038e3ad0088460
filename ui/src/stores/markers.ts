/**
 * Markers of the open project, newest last.
 *
 * A project that was used for years has more than one wants to load: those of a recording come when it is looked at.
 */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { markersApi } from '@/api/endpoints'
import type { Marker } from '@/api/types'

type Change = Marker & { action?: string }

/** Of one recording; the server's bound. */
const MOST = 10_000
const byTime = (a: Marker, b: Marker) => a.timestamp - b.timestamp

export const useMarkers = defineStore('markers', () => {
  const list = ref<Marker[]>([])
  /** What was heard while a list was on its way: that list may be older than it. */
  const loading = new Set<Change[]>()
  /** Recordings somebody looks at. */
  const sessions = new Set<number>()

  function put(marker: Change): void {
    const rest = list.value.filter((known) => known.id !== marker.id)
    const gone = marker.action === 'deleted' || marker.action === 'removed'
    list.value = gone ? rest : [...rest, marker].sort(byTime)
  }

  /** Reads markers and keeps what is heard meanwhile. */
  async function read(query: Parameters<typeof markersApi.list>[0], take: (found: Marker[]) => void): Promise<void> {
    const heard: Change[] = []
    loading.add(heard)
    try {
      take((await markersApi.list(query)).items)
      heard.forEach(put)
    } finally {
      loading.delete(heard)
    }
  }

  function merge(found: Marker[]): void {
    const ids = new Set(found.map((marker) => marker.id))
    list.value = [...list.value.filter((known) => !ids.has(known.id)), ...found].sort(byTime)
  }

  async function load(): Promise<void> {
    await read({}, (found) => (list.value = found))
    await Promise.all([...sessions].map((id) => read({ session_id: id, limit: MOST }, merge)))
  }

  /** Makes sure that all markers of a recording are here. */
  async function ensure(session: number): Promise<void> {
    if (sessions.has(session)) return
    await read({ session_id: session, limit: MOST }, merge)
    sessions.add(session)
  }

  function forget(): void {
    sessions.clear()
    list.value = []
  }

  function apply(marker: Change): void {
    loading.forEach((heard) => heard.push(marker))
    put(marker)
  }

  return { list, load, ensure, forget, apply }
})
