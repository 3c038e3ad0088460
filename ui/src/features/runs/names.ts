/** A run in short: its cell where one is known, else its title, and the beginning of its number. */
import type { Run } from '@/api/types'

export const runName = (run: Pick<Run, 'id' | 'title' | 'sequence' | 'bindings'>): string => `${run.bindings?.cell_id ?? (run.title || run.sequence)} #${String(run.id).slice(0, 4)}`
