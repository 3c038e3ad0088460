/** Which widget shows a data point best. */
import type { Entity } from '@/api/types'
import { widgetKinds } from '@/widgets'
import type { Binding, WidgetKind } from '@/widgets/contract'
import { findPoint } from '@/widgets/points'
import type { Content } from '../usePages'

/** Null when no kind fits; of equal ones the first. */
export function bestKind(entity: Entity, kinds: WidgetKind[] = widgetKinds): WidgetKind | null {
  const rated = kinds.map((kind) => ({ kind, fits: kind.fits?.(entity) ?? 0 })).filter(({ fits }) => fits > 0)
  rated.sort((a, b) => b.fits - a.fits)
  return rated[0]?.kind ?? null
}

/** A widget for a point; null when nothing can show it. */
export function widgetFor(point: string): Content | null {
  const bound = findPoint(point)
  const kind = bound && bestKind(bound.entity)
  const slot = kind?.slots.find((one) => one.type === 'point')
  if (!kind || !slot) return null
  const binding: Binding = { source: point, type: 'point' }
  return { type: kind.type, title: '', bindings: { [slot.many ? `${slot.name}1` : slot.name]: binding }, options: {} }
}
