/** Finds the widget kinds: every `widgets/<type>/widget.ts` registers itself, there is no list to edit. */
import type { WidgetKind } from './contract'

const found = import.meta.glob<{ default: WidgetKind }>('./*/widget.ts', { eager: true })

export const widgetKinds: WidgetKind[] = Object.values(found)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order)

const twice = widgetKinds.find((kind, place) => widgetKinds.findIndex((other) => other.type === kind.type) !== place)
if (twice) throw new Error(`two widgets are of type ${twice.type}`)

export function kindOf(type: string): WidgetKind | undefined {
  return widgetKinds.find((kind) => kind.type === type)
}
