/** What a person typed as answer to a question with a number: the number, or why it is none. */
import type { RunPrompt } from '@/api/types'
import { parseNumber } from '@/kit/parseNumber'
import { formatNumber } from '@/kit/format'
import { t } from './messages'

export function rangeText(prompt: Pick<RunPrompt, 'min' | 'max'>): string {
  if (prompt.min === null && prompt.max === null) return ''
  return t('range', boundTexts(prompt))
}

export function boundTexts(prompt: Pick<RunPrompt, 'min' | 'max'>): { min: string; max: string } {
  const shown = (value: number | null) => (value === null ? '…' : formatNumber(value, Number.isInteger(value) ? 0 : undefined))
  return { min: shown(prompt.min), max: shown(prompt.max) }
}

/** The server decides; this only saves a round trip for what cannot be right. */
export function readAnswer(prompt: Pick<RunPrompt, 'min' | 'max'>, text: string): { value: number | null; problem: string } {
  if (!text.trim()) return { value: null, problem: '' }
  const value = parseNumber(text)
  if (value === null) return { value: null, problem: t('noNumber') }
  const outside = (prompt.min !== null && value < prompt.min) || (prompt.max !== null && value > prompt.max)
  return { value: outside ? null : value, problem: outside ? t('outside', boundTexts(prompt)) : '' }
}

/** Seconds that are left to answer; null when there is no end. */
export function secondsLeft(prompt: Pick<RunPrompt, 'since' | 'timeout_s'>, now: number): number | null {
  return prompt.timeout_s === null ? null : Math.max(0, prompt.since + prompt.timeout_s - now)
}
