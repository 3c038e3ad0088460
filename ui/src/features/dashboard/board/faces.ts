/** What a widget is called and which component draws it. */
import { defineAsyncComponent, type Component } from 'vue'
import Skeleton from '@/kit/Skeleton.vue'
import { useDevices } from '@/stores/devices'
import type { Binding, Widget } from '@/widgets/contract'
import { kindOf } from '@/widgets'
import { findPoint } from '@/widgets/points'

const drawn = new Map<string, Component>()

/** Undefined for a type nobody knows. */
export function componentOf(type: string): Component | undefined {
  const kind = kindOf(type)
  if (kind && !drawn.has(type)) drawn.set(type, defineAsyncComponent({ loader: kind.component, loadingComponent: Skeleton, delay: 150 }))
  return drawn.get(type)
}

function sourceName(binding: Binding): string {
  const deviceName = (id: string) => useDevices().byId[id]?.alias || id
  if (binding.type === 'device') return deviceName(binding.source)
  if (binding.type !== 'point') return binding.source
  const bound = findPoint(binding.source)
  if (!bound) return binding.source
  const owner = bound.device ? deviceName(bound.device.id) : binding.source.slice(0, binding.source.lastIndexOf('.'))
  return `${bound.entity.name} · ${owner}`
}

/** The heading: the person's own, else what the widget shows, else its kind. */
export function titleOf(widget: Pick<Widget, 'type' | 'title' | 'bindings'>): string {
  if (widget.title) return widget.title
  const bindings = Object.values(widget.bindings)
  const only = bindings.length === 1 ? bindings[0] : undefined
  if (only?.source) return sourceName(only)
  return kindOf(widget.type)?.title() ?? widget.type
}
