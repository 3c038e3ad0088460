/** Keys that the table and the canvas handle themselves, for the sheet of all keys. */
import type { Shortcut } from '@/kit/shortcuts'
import { t } from './messages'

const KEYS = {
  'k_add': '/', 'k_enter': 'Enter', 'k_figure': 'F2', 'k_up': 'Alt+ArrowUp', 'k_down': 'Alt+ArrowDown', 'k_double': 'Ctrl+D', 'k_off': 'd', 'k_remove': 'Delete', 'k_copy': 'Ctrl+C', 'k_cut': 'Ctrl+X', 'k_paste': 'Ctrl+V', 'k_all': 'Ctrl+A',
} as const

export const listed = (): Shortcut[] => (Object.keys(KEYS) as (keyof typeof KEYS)[]).map((name) => ({ id: `flow.${name}`, keys: KEYS[name], title: () => t(name), group: () => t('group') }))
