import { mdiTable } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'table',
  order: 45,
  icon: mdiTable,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 5, h: 4, minW: 2, minH: 2 },
  slots: [{ name: 'point', label: () => t('points'), type: 'point', many: true }],
  options: () => ({ type: 'object', properties: { mean: { type: 'boolean', default: false, title: t('showMean') }, age: { type: 'boolean', default: false, title: t('showAge') } } }),
  component: () => import('./TableWidget.vue'),
} satisfies WidgetKind
