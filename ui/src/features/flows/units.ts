/** The units people write values in, and how each may be typed; quick add and forms read by the same table. */

/** Unit, the coherent unit of its kind, and the factor to it. */
export const UNITS: Readonly<Record<string, readonly [coherent: string, factor: number]>> = {
  V: ['V', 1], mV: ['V', 1e-3], kV: ['V', 1e3], A: ['A', 1], mA: ['A', 1e-3], µA: ['A', 1e-6], W: ['W', 1], mW: ['W', 1e-3], kW: ['W', 1e3],
  Ω: ['Ω', 1], mΩ: ['Ω', 1e-3], Ah: ['Ah', 1], mAh: ['Ah', 1e-3], Wh: ['Wh', 1], mWh: ['Wh', 1e-3], s: ['s', 1], ms: ['s', 1e-3], min: ['s', 60], h: ['s', 3600], d: ['s', 86400],
  '°C': ['°C', 1], K: ['K', 1], '%': ['%', 1], C: ['C', 1], Hz: ['Hz', 1],
}
/** Other ways to type the same. */
const SPELT: Record<string, string> = { ohm: 'Ω', mohm: 'mΩ', uA: 'µA', 'μA': 'µA', sec: 's', hour: 'h', hours: 'h', std: 'h', minutes: 'min', minute: 'min', degc: '°C' }
const LOWER = new Map(Object.keys(UNITS).map((name) => [name.toLowerCase(), name]))

/** The unit as files have it; undefined when nobody knows it. */
export function unitOf(typed: string): string | undefined {
  const spelt = SPELT[typed] ?? SPELT[typed.toLowerCase()] ?? typed
  return UNITS[spelt] ? spelt : LOWER.get(spelt.toLowerCase())
}
