/**
 * What the pages tell aloud: new alarms, and messages that routing sends to open pages.
 *
 * Sound and desktop messages are off until a person asks for them in this browser; the choice is remembered.
 */
import { defineStore } from 'pinia'
import { reactive, ref, watch } from 'vue'
import type { Alarm, PageMessage } from '@/api/alarmTypes'
import type { Severity } from '@/api/types'
import { isAside } from './alarms'

export interface NoticeSettings {
  sound: boolean
  /** From 0 to 1. */
  volume: number
  desktop: boolean
  /** Every alarm at once, or only what the routes send to pages. */
  what: 'all' | 'routed'
}

export interface News {
  key: string
  text: string
  severity: Severity
  routed: boolean
}

const STORED = 'ionpy.alarms.notices'
const USUAL: NoticeSettings = { sound: false, volume: 0.5, desktop: false, what: 'all' }
const NEWS = new Set(['raised', 'worse', 'realarm', 'unacknowledged'])

export function readSettings(stored: string | null): NoticeSettings {
  try {
    const value = JSON.parse(stored ?? '{}') as Partial<NoticeSettings>
    const volume = Number(value.volume ?? USUAL.volume)
    return { sound: value.sound === true, desktop: value.desktop === true, what: value.what === 'routed' ? 'routed' : 'all', volume: Number.isFinite(volume) ? Math.min(1, Math.max(0.05, volume)) : USUAL.volume }
  } catch {
    return { ...USUAL }
  }
}

/** An alarm is news when it asks for a look that it did not ask for before. */
export function newsOf(alarm: Alarm & { transition?: string }): News | null {
  if (!NEWS.has(alarm.transition ?? '') || alarm.acknowledged || isAside(alarm)) return null
  return { key: alarm.key, text: alarm.text, severity: alarm.severity, routed: false }
}

export const useNotices = defineStore('notices', () => {
  const settings = reactive(readSettings(localStorage.getItem(STORED)))
  const waiting = ref<News[]>([])
  watch(settings, (value) => localStorage.setItem(STORED, JSON.stringify(value)))

  function hearAlarm(alarm: Alarm & { transition?: string }): void {
    const news = settings.what === 'all' ? newsOf(alarm) : null
    if (news) waiting.value.push(news)
  }

  /** Where every alarm is told anyway, its routed message would be the second one. */
  function hearMessage(note: PageMessage): void {
    const alarmed = note.status === 'firing' || note.status === 'resolved'
    if (settings.what === 'all' && alarmed) return
    waiting.value.push({ key: note.key, text: note.title, severity: note.severity, routed: true })
  }

  function take(): News[] {
    const news = waiting.value
    waiting.value = []
    return news
  }

  return { settings, waiting, hearAlarm, hearMessage, take }
})
