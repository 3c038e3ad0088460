import { mdiToggleSwitchOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'switch',
  order: 30,
  icon: mdiToggleSwitchOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 2, h: 2, minW: 1, minH: 2 },
  slots: [{ name: 'point', label: () => t('point'), type: 'point', kinds: ['toggle'] }],
  options: () => ({ type: 'object', properties: { confirm: { type: 'boolean', default: false, title: t('confirm') } } }),
  fits: (entity) => (entity.kind === 'toggle' ? 4 : 0),
  component: () => import('./SwitchWidget.vue'),
} satisfies WidgetKind
