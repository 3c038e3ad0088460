/** What each action does, in words. */
import { isMap, textOf, type PlainMap } from '../model/graph'
import { conditionOf, expressionText } from './expressions'
import { t } from './messages'
import { commas, get, inShort, quoteless, words, type Speak } from './steps'

const SEVERITIES = ['info', 'warning', 'critical'] as const

const alarm: Speak = (own, _all, short) => {
  if (textOf(own.do) === 'clear') return t('alarmClear')
  if (textOf(own.do) === 'ack') return t('alarmAck')
  const severity = SEVERITIES.find((one) => one === textOf(own.severity))
  const text = quoteless(short || textOf(own.text))
  return severity ? t('alarmSev', { text, severity: t(severity) }) : t('alarm', { text })
}

const http: Speak = (own, _all, short) => t('http', { method: textOf(own.method) || (own.body || own.fields ? 'POST' : 'GET'), url: short || textOf(own.url) })
const RULES = { enable: 'ruleEnable', disable: 'ruleDisable', trigger: 'ruleTrigger' } as const
const rule: Speak = (own, _all, short) => t(RULES[textOf(own.do) as keyof typeof RULES] ?? 'ruleEnable', { x: short || textOf(own.id) })
const stop: Speak = (own) => {
  if (textOf(own.how) === 'abort') return t('abortRun')
  const which = textOf(own.run) || textOf(own.channel)
  return which ? t('stopRunOf', { x: which }) : t('stopRun')
}
const publish: Speak = (own, _all, short) => t('publish', { payload: own.payload ? `“${quoteless(textOf(own.payload))}”` : t('nothing'), topic: short || textOf(own.topic) })
const set: Speak = (own) => t('set', { list: Object.entries(own).map(([x, v]) => t('setTo', { x, v: inShort(v) })).join(', ') })
const variables: Speak = (own) => {
  const [fixed, added] = [isMap(own.set) ? own.set : {}, isMap(own.add) ? own.add : {}]
  return t('variables', { list: [...Object.entries(fixed).map(([x, v]) => `${x} = ${inShort(v)}`), ...Object.entries(added).map(([x, v]) => `${x} + ${inShort(v)}`)].join(', ') })
}
const waitFor: Speak = (own, all, short) => {
  const inner = own.condition === undefined ? own : own.condition
  const condition = short || conditionOf(inner) || conditionOf(own as PlainMap)
  const timeout = get(own, all, 'timeout')
  return commas(t('waitFor', { x: expressionText(condition) }), timeout && t('atMost', { d: timeout }))
}
const exported: Speak = (own, _all, short) => {
  const x = short || textOf(own.format) || 'csv'
  return own.device ? t('exportOf', { device: textOf(own.device), x }) : t('exportAs', { x })
}

export const ACTIONS: Record<string, Speak> = {
  alarm, http, rule, publish, set, variables, export: exported,
  stop_run: stop,
  wait_for: waitFor,
  event: (own, _all, short) => t('event', { x: short || textOf(own.name) }),
  log: (own, _all, short) => t('log', { text: quoteless(short || textOf(own.message)) }),
  marker: (own, _all, short) => t('marker', { text: quoteless(short || textOf(own.label)) }),
  notify: (own, _all, short) => t('notify', { to: textOf(own.to) || 'log', text: quoteless(short || textOf(own.message)) }),
  panic: () => t('panic'),
  run: (own, _all, short) => words(t('run', { x: short || textOf(own.sequence) }), isMap(own.parameters) && t('withValues', { list: inShort(own.parameters) })),
  safe_state: (own, _all, short) => t((short || textOf(own.of)) === 'all' ? 'safeAll' : 'safeChannel'),
  script: (own, _all, short) => t(textOf(own.wait) === 'false' ? 'scriptStart' : 'script', { x: short || textOf(own.name) }),
  session: (own, _all, short) => t((short || textOf(own.do)) === 'stop' ? 'sessionStop' : 'sessionStart'),
  wait: (own, _all, short) => t('wait', { d: short || textOf(own.duration) }),
}
