/** Triggers and conditions of rules, in words. */
import { isMap, textOf, type Plain, type PlainMap } from '../model/graph'
import { readCondition, type Cond } from '../panel/conditions'
import { expressionText, holdOf, listOf } from './expressions'
import { t } from './messages'
import { get, inShort, words, type Speak } from './steps'

function fromTo(own: PlainMap, all: PlainMap): string {
  const [from, to] = [get(own, all, 'from'), get(own, all, 'to')]
  if (from && to) return t('fromTo', { from, to })
  return to ? t('toOnly', { to }) : from && t('fromOnly', { from })
}

const RUNS = ['started', 'step_started', 'step_ended', 'cycle', 'finished'] as const
const run: Speak = (own, all, short) => {
  const what = RUNS.find((one) => one === (short || textOf(own.what))) ?? 'started'
  const step = get(own, all, 'step')
  const by = get(own, all, 'ended_by')
  const head = step && what.startsWith('step_') ? t(what === 'step_ended' ? 'onStep_ended' : 'onStep_started', { x: step }) : t(`onRun_${what}`)
  return words(head, by && t('byEnd', { x: by }))
}

const schedule: Speak = (own, all, short) => {
  const [every, at] = [get(own, all, 'every'), get(own, all, 'at')]
  if (every) return t('onEvery', { x: every })
  return at ? t('onAt', { x: at }) : t('onCron', { x: short || get(own, all, 'cron') })
}

const threshold: Speak = (own, all, short) => {
  const point = expressionText(short || textOf(own.point))
  const [above, below] = [get(own, all, 'above'), get(own, all, 'below')]
  const parts = [above && t('onAbove', { point, x: above }), below && t('onBelow', { point, x: below })].filter(Boolean)
  return words(parts.join(` ${t('or')} `) || point, holdOf({ ...all, ...own }))
}

export const TRIGGERS: Record<string, Speak> = {
  run, schedule, threshold,
  alarm: (own, _all, short) => t('onAlarm', { x: short || textOf(own.transition) || 'raised' }),
  change: (own, all, short) => words(t('onChange', { x: short || textOf(own.point) }), fromTo(own, all)),
  device: (own, all, short) => t('onDevice', { x: get(own, all, 'of') || t('aDevice'), state: short || textOf(own.state) }),
  event: (own, _all, short) => t('onEvent', { x: short || textOf(own.name) }),
  expr: (own, all, short) => words(expressionText(short || textOf(own.expr)), holdOf({ ...all, ...own })),
  manual: () => t('onManual'),
  marker: (own, _all, short) => (short || own.label ? t('onMarkerIs', { x: short || textOf(own.label) }) : t('onMarker')),
  mqtt: (own, _all, short) => t('onMqtt', { x: short || textOf(own.topic) }),
  session: (own, _all, short) => t((short || textOf(own.action)) === 'stopped' ? 'onSessionStop' : 'onSessionStart'),
  stale: (own, all, short) => words(t('onStale', { x: short || textOf(own.of) }), get(own, all, 'for') && t('forD', { d: get(own, all, 'for') })),
  startup: () => t('onStartup'),
  webhook: (own, _all, short) => t('onWebhook', { x: short || textOf(own.name) }),
}

/** Groups in groups stand in brackets, whichever way they are written. */
function condText(cond: Cond, isInside: boolean): string {
  if (cond.kind === 'leaf') return expressionText(cond.text)
  if (cond.kind === 'block') return checkText(cond.value)
  const text = cond.items.map((one) => condText(one, cond.items.length > 1)).join(` ${t(cond.op === 'and' ? 'and' : 'or')} `)
  if (cond.op === 'not') return `${t('not')} (${text})`
  return isInside && cond.items.length > 1 ? `(${text})` : text
}

const CHECKS: Record<string, (value: Plain | undefined, all: PlainMap) => string> = {
  state: (value, all) => {
    const own = isMap(value) ? value : {}
    return t('stateIs', { point: textOf(value ?? null) || textOf(own.point), list: listOf(own.is ?? all.is).map(inShort).join(` ${t('or')} `) })
  },
  time: (value) => {
    const own = isMap(value) ? value : {}
    return words(t('timeIs', { after: textOf(own.after) || '00:00', before: textOf(own.before) || '24:00' }), own.days !== undefined && t('onDays', { list: listOf(own.days).map(inShort).join(', ') }))
  },
}

/** One condition of a rule. */
export function checkText(value: Plain): string {
  const cond = readCondition(value)
  if (cond.kind !== 'block') return condText(cond, false)
  if (!isMap(value)) return ''
  const verb = Object.keys(value).find((key) => key in CHECKS)
  return verb ? (CHECKS[verb]?.(value[verb], value) ?? '') : inShort(value)
}
