import { mdiNumeric } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'value',
  order: 10,
  icon: mdiNumeric,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 2, h: 2, minW: 1, minH: 1 },
  slots: [{ name: 'point', label: () => t('point'), type: 'point' }],
  options: () => ({ type: 'object', properties: { precision: { type: 'integer', minimum: 0, maximum: 9, title: t('precision') } } }),
  fits: (entity) => (entity.access === 'RO' && entity.kind !== 'action' ? 2 : 0),
  component: () => import('./ValueWidget.vue'),
} satisfies WidgetKind
