/** Finds the features: every `features/<x>/feature.ts` registers itself, there is no list to edit. */
import type { RouteRecordRaw } from 'vue-router'

export interface Feature {
  name: string
  /** Place in the navigation. */
  order: number
  icon: string
  title: () => string
  routes: RouteRecordRaw[]
  /** Address of the navigation entry; without it the feature has none. */
  path?: string
  /** Count shown beside the navigation entry; null shows none. */
  badge?: () => number | null
}

const found = import.meta.glob<{ default: Feature }>('../features/*/feature.ts', { eager: true })

export const features: Feature[] = Object.values(found)
  .map((module) => module.default)
  .sort((a, b) => a.order - b.order)

const twice = features.find((feature, place) => features.findIndex((other) => other.name === feature.name) !== place)
if (twice) throw new Error(`two features are named ${twice.name}`)
