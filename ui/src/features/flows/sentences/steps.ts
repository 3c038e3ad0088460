/** What each step does, in words; `own` is what stands under its verb, `all` the whole step. */
import { isMap, textOf, type Plain, type PlainMap } from '../model/graph'
import { expressionText, listOf } from './expressions'
import { t } from './messages'

export type Speak = (own: PlainMap, all: PlainMap, short: string) => string

export const words = (...parts: (string | false | undefined)[]): string => parts.filter(Boolean).join(' ')
export const commas = (...parts: (string | false | undefined)[]): string => parts.filter(Boolean).join(', ')
/** A key of the verb's own map, or of the step beside the verb. */
export const get = (own: PlainMap, all: PlainMap, key: string): string => textOf(own[key]) || textOf(all[key])
export const quoteless = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

export function inShort(value: Plain | undefined): string {
  if (Array.isArray(value)) return value.map(inShort).join(', ')
  if (isMap(value)) return Object.entries(value).map(([key, inner]) => commas(words(`${key}:`, inShort(inner)))).join(', ')
  return textOf(value)
}

const charge: Speak = (own) => {
  const [i, u, p] = [textOf(own.current), textOf(own.voltage), textOf(own.power)]
  if (p) return u ? t('chargeCpTo', { p, u }) : t('chargeCp', { p })
  if (i && u) return t('chargeCccv', { i, u })
  if (i) return t('chargeCc', { i })
  return u ? t('chargeCv', { u }) : t('chargeBare')
}

const discharge: Speak = (own) => {
  const [i, u, p, r] = [textOf(own.current), textOf(own.voltage), textOf(own.power), textOf(own.resistance)]
  if (p) return t('dischargeCp', { p })
  if (r) return t('dischargeCr', { r })
  if (i && u) return t('dischargeCccv', { i, u })
  if (i) return t('dischargeCc', { i })
  return u ? t('dischargeCv', { u }) : t('dischargeBare')
}

const precharge: Speak = (own) => commas(words(own.below ? t('prechargeBelow', { u: textOf(own.below) }) : t('precharge'), own.current ? t('withI', { i: textOf(own.current) }) : ''), own.max ? t('atMost', { d: textOf(own.max) }) : '')

const repeat: Speak = (own, all, short) => {
  const count = short || get(own, all, 'count')
  const each = listOf(own.for_each ?? all.for_each)
  const head = count ? t('repeatN', { n: count }) : each.length ? t('repeatEach', { list: each.map(inShort).join(', ') }) : t('repeat')
  const during = get(own, all, 'while')
  const until = get(own, all, 'until')
  return words(head, during && t('whileIs', { x: expressionText(during) }), until && t('untilIs', { x: expressionText(until) }))
}

const dcir: Speak = (own) => {
  if (textOf(own.method) === 'iec61960') return t('dcirIec')
  return own.current ? t('dcirI', { i: textOf(own.current), d: textOf(own.for) || '10 s' }) : t('dcir')
}

const pulse: Speak = (own) =>
  `${t('pulse')}: ${commas(own.discharge ? t('dischargeI', { i: textOf(own.discharge) }) : '', own.charge ? t('chargeI', { i: textOf(own.charge) }) : '', own.for ? t('eachD', { d: textOf(own.for) }) : '', own.rest ? t('restD', { d: textOf(own.rest) }) : '', own.repeat ? t('timesN', { n: textOf(own.repeat) }) : '')}`

const PACE = (own: PlainMap) => words(own.rate ? t('atRate', { x: textOf(own.rate) }) : '', own.over ? t('inTime', { d: textOf(own.over) }) : '')
const ramp: Speak = (own) => {
  if (own.point !== undefined) return words(t('rampTo', { what: textOf(own.point), to: textOf(own.to) }), PACE(own))
  const way = isMap(own.charge) ? 'charge' : 'discharge'
  const course = isMap(own[way]) ? own[way] : {}
  const inner = Object.values(course).find((one) => isMap(one)) as PlainMap | undefined
  const at = inner ?? course
  return words(t('ramp', { what: t(way === 'charge' ? 'rampCharge' : 'rampDischarge'), from: textOf(at.from), to: textOf(at.to) }), PACE(own))
}

const soak: Speak = (own) => words(t('soak', { chamber: textOf(own.chamber), temp: textOf(own.temp) }), own.within ? t('within', { x: textOf(own.within) }) : '', own.for ? t('forD', { d: textOf(own.for) }) : '')
const prompt: Speak = (own, all, short) => {
  const choices = own.choices ?? all.choices
  const list = isMap(choices) ? Object.keys(choices) : listOf(choices).map(inShort)
  return words(t('prompt', { text: quoteless(short || textOf(own.text)) }), list.length ? t('choices', { list: list.join(' / ') }) : '')
}
const sync: Speak = (own, all, short) => {
  const channels = listOf(own.with ?? all.with).map(inShort).join(', ')
  const count = get(own, all, 'count')
  return words(t('sync', { x: short || textOf(own.name) }), channels || count ? t('syncWith', { list: channels || t('runsN', { n: count }) }) : '')
}
const branches = (own: PlainMap, all: PlainMap): number => listOf(own.branches ?? all.parallel).length
const call: Speak = (own, all, short) => {
  const given = own.parameters ?? all.parameters
  return words(t('call', { x: short || textOf(own.sequence) }), isMap(given) && t('withValues', { list: inShort(given) }))
}
const goto: Speak = (own, all, short) => {
  const most = get(own, all, 'max')
  return commas(t('goto', { x: short || textOf(own.target) }), most && t('atMostN', { n: most }))
}

export const STEPS: Record<string, Speak> = {
  charge, discharge, precharge, repeat, loop: repeat, dcir, pulse, ramp, soak, prompt, sync, call, goto,
  rest: (own, _all, short) => commas(short || own.duration ? t('rest', { d: short || textOf(own.duration) }) : t('restBare'), textOf(own.resume) === 'true' && t('restResume')),
  if: (own, _all, short) => t('ifIs', { x: expressionText(short || textOf(own.check)) }),
  parallel: (own, all) => t('parallel', { n: branches(own, all) }),
  label: (own, _all, short) => t('label', { x: short || textOf(own.name) }),
  profile: (own) => commas(t('profile', { file: textOf(own.file) }), own.repeat ? t('timesN', { n: textOf(own.repeat) }) : ''),
  connect: () => t('connect'),
  disconnect: () => t('disconnect'),
  contact_check: () => t('contactCheck'),
  cross_check: (own, all) => {
    const currents = listOf(own.currents ?? (Array.isArray(all.cross_check) ? all.cross_check : undefined))
    return currents.length ? t('crossCheckAt', { list: currents.map(inShort).join(', ') }) : t('crossCheck')
  },
}
