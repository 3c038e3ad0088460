/** What a route does differently from the one above it, in words; pure functions. */
import type { AlarmRoute, AlarmWay } from '@/api/alarmTypes'
import { escalationsOf, spanText } from '../ways'

export type FactKey = 'groupBy' | 'allTogether' | 'eachAlone' | 'wait' | 'interval' | 'repeat' | 'muteIn' | 'activeIn' | 'escalate'

export interface RouteFact {
  key: FactKey
  args: Record<string, string>
}

function grouping(route: AlarmRoute): RouteFact {
  const labels = route.group_by ?? []
  if (!labels.length) return { key: 'allTogether', args: {} }
  return labels.includes('...') ? { key: 'eachAlone', args: {} } : { key: 'groupBy', args: { labels: labels.join(', ') } }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

export function factsOf(route: AlarmRoute, parent: AlarmRoute | null): RouteFact[] {
  const differs = (name: keyof AlarmRoute) => !parent || !same(route[name], parent[name])
  const timers = ([['wait', 'group_wait'], ['interval', 'group_interval'], ['repeat', 'repeat_interval']] as const)
    .filter(([, name]) => differs(name) && route[name] !== null && route[name] !== undefined)
    .map(([key, name]): RouteFact => ({ key, args: { time: spanText(route[name]) } }))
  const steps = differs('escalate') ? escalationsOf({ escalate: route.escalate } as AlarmWay).map(({ after, to }): RouteFact => ({ key: 'escalate', args: { time: after, to } })) : []
  const intervals = ([['muteIn', 'mute_time_intervals'], ['activeIn', 'active_time_intervals']] as const)
    .filter(([, name]) => route[name]?.length)
    .map(([key, name]): RouteFact => ({ key, args: { names: (route[name] ?? []).join(', ') } }))
  return [...(differs('group_by') ? [grouping(route)] : []), ...timers, ...intervals, ...steps]
}
