/** Numbers and times as people read them; pure functions, the language is a parameter. */
import { locale } from '@/i18n'

export const NOTHING = '–'

const numberFormats = new Map<string, Intl.NumberFormat>()

function formatter(digits: number, language: string): Intl.NumberFormat {
  const key = `${language}/${digits}`
  let found = numberFormats.get(key)
  if (!found) {
    found = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    numberFormats.set(key, found)
  }
  return found
}

/** Digits after the point so that about `significant` digits are seen. */
export function digitsFor(value: number, significant = 4): number {
  const size = Math.abs(value)
  if (size < 1e-12) return Math.min(3, significant - 1)
  return Math.min(6, Math.max(0, significant - 1 - Math.floor(Math.log10(size))))
}

/** `3.7012`; with `precision` exactly so many digits, without it four significant ones. */
export function formatNumber(value: number | null | undefined, precision?: number | null, language: string = locale()): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING
  const shown = formatter(precision ?? digitsFor(value), language).format(value)
  return shown.replace(/^-(?=[0.,]*$)/, '').replace('-', '−')
}

const SMALL: Record<string, string> = { A: 'mA', V: 'mV', W: 'mW', Ah: 'mAh', Wh: 'mWh' }

/** Value and unit; small values get a readable prefix (`0.0498 A` → `49.80 mA`) unless a precision is given. */
export function formatQuantity(value: number | null | undefined, unit: string | null, precision?: number | null): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING
  const small = unit ? SMALL[unit] : undefined
  if (small && (precision === null || precision === undefined) && value !== 0 && Math.abs(value) < 0.1) {
    return `${formatNumber(value * 1000, digitsFor(value * 1000))} ${small}`
  }
  return unit ? `${formatNumber(value, precision)} ${unit}` : formatNumber(value, precision)
}

/** The sign is always shown: positive is into the cell. */
export function formatSigned(value: number | null | undefined, precision: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING
  const text = formatNumber(value, precision)
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text
}

export function formatPercent(share: number | null | undefined, digits = 1, language: string = locale()): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NOTHING
  return `${formatter(digits, language).format(share * 100)} %`
}

/** `45 s`, `12:05`, `3:07:09`, `2 d 04:10`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING
  const whole = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor((whole % 86_400) / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  if (days) return `${days} d ${two(hours)}:${two(minutes)}`
  if (hours) return `${hours}:${two(minutes)}:${two(whole % 60)}`
  return whole < 60 ? `${whole} s` : `${minutes}:${two(whole % 60)}`
}

/** Age of a sample: `0.3 s`, `12 s`, `3 min`. */
export function formatAge(seconds: number): string {
  const age = Math.max(0, seconds)
  if (age < 10) return `${formatNumber(age, 1)} s`
  if (age < 120) return `${Math.round(age)} s`
  if (age < 7200) return `${Math.round(age / 60)} min`
  return age < 172_800 ? `${Math.round(age / 3600)} h` : `${Math.round(age / 86_400)} d`
}

export function formatTime(seconds: number | null | undefined, language: string = locale()): string {
  if (!seconds) return NOTHING
  return new Date(seconds * 1000).toLocaleTimeString(language, { hour12: false })
}

export function formatDateTime(seconds: number | null | undefined, language: string = locale()): string {
  if (!seconds) return NOTHING
  const options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' }
  return new Date(seconds * 1000).toLocaleString(language, { ...options, hour12: false })
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${formatNumber(bytes / 1024, 1)} kB`
  return `${formatNumber(bytes / 1024 ** 2, 1)} MB`
}
