/** Where a run is, by the nodes of the graph: the step under way, the boxes around it and their rounds. Pure. */
import type { Run } from '@/api/types'

export interface StepLive {
  /** It is under way itself; else something inside it is. */
  at: boolean
  /** `2/5`; `2` for a loop without a count; empty where there is none. */
  round: string
}

const ROUND = /^(\d+)\/(\d+|\?)$/

/** What a called flow does happens at the step that calls it. */
const own = (word: string) => word.split(':')[0] ?? word

function* places(path: readonly string[]): Generator<[string, StepLive]> {
  const words = path.filter((word) => !ROUND.test(word) && !word.startsWith('|'))
  for (const [place, word] of path.entries()) {
    if (ROUND.test(word) || word.startsWith('|')) continue
    const found = ROUND.exec(path[place + 1] ?? '')
    yield [own(word), { at: word === words.at(-1), round: found ? (found[2] === '?' ? (found[1] ?? '') : found[0]) : '' }]
  }
}

function note(found: Map<string, StepLive>, path: readonly string[], isWhole: boolean): void {
  for (const [id, live] of places(path)) {
    const before = found.get(id)
    found.set(id, { at: (isWhole && live.at) || Boolean(before?.at), round: live.round || (before?.round ?? '') })
  }
}

/** By the server's id of a step; branches say where each of them is. */
export function stepsAt(run: Pick<Run, 'step_path' | 'branches' | 'state'> | null): Map<string, StepLive> {
  const found = new Map<string, StepLive>()
  if (!run || run.state === 'finished') return found
  const branches = run.branches ?? []
  note(found, run.step_path, !branches.length)
  for (const branch of branches) note(found, branch, true)
  return found
}
