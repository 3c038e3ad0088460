/** Undo steps kept in this browser over a reload (IndexedDB); without it they last as long as the page. */
import type { Step } from '@/kit/timeline'

const NAME = 'ionpy-flows'
const STORE = 'timelines'

export interface Kept<T> {
  past: Step<T>[]
  future: Step<T>[]
  now: T
}

function open(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    if (typeof indexedDB === 'undefined') return resolve(null)
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => resolve(null)
    request.onblocked = () => resolve(null)
  })
}

async function ask<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest): Promise<T | null> {
  const database = await open()
  if (!database) return null
  return new Promise((resolve) => {
    const transaction = database.transaction(STORE, mode)
    const request = work(transaction.objectStore(STORE))
    const done = (value: T | null) => {
      database.close()
      resolve(value)
    }
    transaction.oncomplete = () => done((request.result as T | undefined) ?? null)
    transaction.onerror = transaction.onabort = () => done(null)
  })
}

const keyOf = (project: string, id: string) => `${project}/${id}`

export const readKept = <T>(project: string, id: string): Promise<Kept<T> | null> => ask('readonly', (store) => store.get(keyOf(project, id)))

export async function writeKept<T>(project: string, id: string, kept: Kept<T> | null): Promise<void> {
  await ask('readwrite', (store) => (kept ? store.put(kept, keyOf(project, id)) : store.delete(keyOf(project, id))))
}
