import { mdiFormatListBulletedType } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'enum',
  order: 35,
  icon: mdiFormatListBulletedType,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 3, h: 3, minW: 2, minH: 2 },
  slots: [{ name: 'point', label: () => t('point'), type: 'point', kinds: ['enum'] }],
  options: () => ({ type: 'object', properties: { confirm: { type: 'boolean', default: true, title: t('confirm') } } }),
  fits: (entity) => (entity.kind === 'enum' ? 4 : 0),
  component: () => import('./EnumWidget.vue'),
} satisfies WidgetKind
