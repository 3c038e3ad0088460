import { defineMessages } from '@/i18n'

const en = {
  range: '{low} to {high}', atLeast: 'at least {low}', moreThan: 'more than {low}', atMost: 'at most {high}', lessThan: 'less than {high}',
  notNumber: 'not a number', notWhole: 'a whole number', missing: 'is needed', tooLong: 'at most {n} characters', notJson: 'no valid JSON', unset: 'not set',
}
const de: Record<keyof typeof en, string> = {
  range: '{low} bis {high}', atLeast: 'mindestens {low}', moreThan: 'mehr als {low}', atMost: 'höchstens {high}', lessThan: 'weniger als {high}',
  notNumber: 'keine Zahl', notWhole: 'eine ganze Zahl', missing: 'wird gebraucht', tooLong: 'höchstens {n} Zeichen', notJson: 'kein gültiges JSON', unset: 'nicht gesetzt',
}
export const ts = defineMessages('schema', en, de)
