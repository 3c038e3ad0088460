/** What a new script may begin with; the points are of the bench as it is. */
import type { BenchName } from './completion'

export type TemplateName = 'empty' | 'log' | 'step' | 'query'
export const TEMPLATES: readonly TemplateName[] = ['empty', 'log', 'step', 'query']
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

const ANY = 'PSU_01.v_out'
const ANY_SET = 'PSU_01.v_set'

const TEXTS: Record<TemplateName, (read: string, write: string) => string> = {
  empty: () => 'print("hello")\n',
  log: (read) => `# Reads a point every few seconds and prints it.
seconds = params.get("seconds", 5)
for number in range(params.get("times", 10)):
    value = await read("${read}")
    print(number, "unknown" if value is None else value)
    await wait(seconds)
`,
  step: (_, write) => `# Steps a set-point from one value to another and marks each step.
value = params.get("from", 1.0)
last = params.get("to", 3.0)
step = params.get("step", 0.5)
while value <= last:
    done = await write("${write}", value)
    print(value, done["outcome"], done["read_back"])
    await marker(f"step to {value}", device="${write.split('.')[0]}")
    await wait(params.get("hold", 10))
    value += step
`,
  query: (read) => `# Looks at what was recorded lately.
curve = await query("${read}", seconds=params.get("seconds", 600))
known = [value for value in curve["value"] if value is not None]
if known:
    print(len(known), "values, lowest", min(known), "highest", max(known), "mean", sum(known) / len(known))
else:
    print("nothing was recorded")
`,
}

export function textOf(name: TemplateName, points: readonly BenchName[]): string {
  const read = points.find((one) => !one.writable)?.label ?? ANY
  const write = points.find((one) => one.writable && /_set$/.test(one.label))?.label ?? points.find((one) => one.writable)?.label ?? ANY_SET
  return TEXTS[name](read, write)
}

/** A name that is not taken yet: `log`, `log-2`. */
export function freshName(base: string, taken: readonly string[]): string {
  let name = base
  for (let number = 2; taken.includes(name); number += 1) name = `${base}-${number}`
  return name
}
