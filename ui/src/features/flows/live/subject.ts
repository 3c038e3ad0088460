/** What a comparison looks at, so that its value can stand beside it: a point, or a figure of the running step. Pure. */
export interface Subject {
  /** The point whose newest sample is shown; empty for a figure of the step. */
  point: string
  /** `time`, `ah`, `wh` of the running step. */
  figure: 'time' | 'ah' | 'wh' | ''
}

const COMPARISON = /^\s*([A-Za-z_]\w*(?:\.\w+)?)\s*(?:<=|>=|==|!=|<|>|≤|≥)/
const OF_CHANNEL: Record<string, string> = { voltage: 'voltage', current: 'current', power: 'power', temp: 'temp' }
const OF_STEP: Record<string, Subject['figure']> = { 'step.time': 'time', 'step.ah': 'ah', 'step.wh': 'wh' }
/** Rooms of names that are no devices. */
const ROOMS = new Set(['step', 'cycle', 'run', 'cell', 'session', 'trigger', 'repeat', 'loop', 'prompt', 'var', 'channel'])

/** Null where the left side is more than one name, or nobody knows its value here. */
export function subjectOf(expression: string, channel: string): Subject | null {
  const name = COMPARISON.exec(expression)?.[1]
  if (!name) return null
  const figure = OF_STEP[name]
  if (figure) return { point: '', figure }
  const own = OF_CHANNEL[name]
  if (own) return channel ? { point: `${channel}.${own}`, figure: '' } : null
  const [device, entity] = name.split('.')
  return device && entity && !ROOMS.has(device) ? { point: name, figure: '' } : null
}

/** Two ways to write the same condition. */
export const sameCondition = (a: string, b: string): boolean => a.replaceAll(/\s+/g, '') === b.replaceAll(/\s+/g, '')
