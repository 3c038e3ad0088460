import { mdiChartLine } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'chart',
  order: 15,
  icon: mdiChartLine,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 6, h: 6, minW: 3, minH: 3 },
  slots: [{ name: 'point', label: () => t('points'), type: 'point', many: true, kinds: ['numeric', 'toggle'] }],
  options: () => ({
    type: 'object',
    properties: {
      window: { type: 'integer', minimum: 5, maximum: 604_800, default: 300, title: t('window') },
      limits: { type: 'boolean', default: true, title: t('limits') },
      markers: { type: 'boolean', default: true, title: t('markers') },
      low: { type: 'number', title: t('low') },
      high: { type: 'number', title: t('high') },
    },
  }),
  fits: (entity) => (entity.kind === 'numeric' && entity.access === 'RO' ? 1 : 0),
  component: () => import('./ChartWidget.vue'),
} satisfies WidgetKind
