import { mdiFlagOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'bitmask',
  order: 40,
  icon: mdiFlagOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 3, h: 3, minW: 2, minH: 1 },
  slots: [{ name: 'point', label: () => t('point'), type: 'point', kinds: ['bitmask'] }],
  options: () => ({ type: 'object', properties: { only_set: { type: 'boolean', default: false, title: t('only') } } }),
  fits: (entity) => (entity.kind === 'bitmask' ? 4 : 0),
  component: () => import('./BitmaskWidget.vue'),
} satisfies WidgetKind
