/** Short messages at the edge of the screen; errors of the server come here with their hint. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { ApiError } from '@/api/client'

export type ToastKind = 'ok' | 'info' | 'warning' | 'error'

export interface Toast {
  id: number
  kind: ToastKind
  message: string
  hint: string
  code: string
  /** Page the message is about. */
  to?: string
  /** Something to do about it, for example to undo it. */
  action?: { label: string; run: () => void }
}

const STAY_MS: Record<ToastKind, number> = { ok: 4000, info: 5000, warning: 9000, error: 12_000 }
const OFFER_MS = 10_000
const AT_MOST = 5

export const useToasts = defineStore('toasts', () => {
  const list = ref<Toast[]>([])
  let next = 1

  function dismiss(id: number): void {
    list.value = list.value.filter((toast) => toast.id !== id)
  }

  function show(kind: ToastKind, message: string, hint = '', code = '', to?: string): void {
    const same = list.value.find((toast) => toast.message === message && toast.kind === kind)
    if (same) dismiss(same.id)
    const id = next++
    list.value = [...list.value, { id, kind, message, hint, code, to }].slice(-AT_MOST)
    window.setTimeout(() => dismiss(id), STAY_MS[kind])
  }

  /** A message with one thing to do about it; it stays longer, so that there is time to decide. */
  function offer(message: string, label: string, run: () => void): void {
    const id = next++
    list.value = [...list.value, { id, kind: 'info' as const, message, hint: '', code: '', action: { label, run } }].slice(-AT_MOST)
    window.setTimeout(() => dismiss(id), OFFER_MS)
  }

  function error(problem: unknown): void {
    if (problem instanceof ApiError) show('error', problem.message, problem.hint, problem.code)
    else show('error', problem instanceof Error ? problem.message : String(problem))
  }

  return { list, show, offer, error, dismiss }
})
