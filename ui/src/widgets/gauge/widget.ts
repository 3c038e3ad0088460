import { mdiGauge } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'gauge',
  order: 20,
  icon: mdiGauge,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 2, h: 3, minW: 1, minH: 2 },
  slots: [{ name: 'point', label: () => t('point'), type: 'point', kinds: ['numeric'] }],
  options: () => ({ type: 'object', properties: { low: { type: 'number', title: t('low') }, high: { type: 'number', title: t('high') } } }),
  fits: (entity) => (entity.kind === 'numeric' && entity.access === 'RO' ? 1 : 0),
  component: () => import('./GaugeWidget.vue'),
} satisfies WidgetKind
