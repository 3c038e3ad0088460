/** Values a set-point widget offers: presets and steps, never beyond what the device takes. */
import type { Entity, Scalar } from '@/api/types'

const fits = (entity: Entity, value: number) => value >= (entity.min ?? -Infinity) && value <= (entity.max ?? Infinity)

/** `3.7; 4,2`: what is no number or out of range is left out. */
export function presetsOf(text: string, entity: Entity, parse: (text: string) => number | null): number[] {
  return text.split(';').map((part) => parse(part.trim())).filter((value): value is number => value !== null && fits(entity, value))
}

/** One step from what the device has; null when that is unknown or nothing is left. */
export function stepped(entity: Entity, now: Scalar | undefined, by: number): number | null {
  if (typeof now !== 'number' || !by) return null
  const digits = Math.max(entity.precision ?? 0, String(by).split('.')[1]?.length ?? 0)
  const next = Number(Math.min(entity.max ?? Infinity, Math.max(entity.min ?? -Infinity, now + by)).toFixed(Math.min(12, digits)))
  return next === now ? null : next
}
