/** Words for what happened to an alarm. */
import { textOr } from '@/i18n'
import { t } from './messages'

const KNOWN = ['raised', 'cleared', 'acknowledged', 'unacknowledged', 'worse', 'changed', 'shelved', 'unshelved', 'suppressed', 'out_of_service', 'returned', 'realarm', 'escalated', 'chattering', 'hidden', 'shown', 'unsuppressed'] as const
const OTHER: Record<string, string> = { reset: 'reset_done' }

export function transitionText(word: string): string {
  return textOr(t, OTHER[word] ?? word, [...KNOWN, 'reset_done'])
}
