import { mdiProgressClock } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'run',
  order: 70,
  icon: mdiProgressClock,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 4, minW: 3, minH: 3 },
  slots: [{ name: 'channel', label: () => t('channel'), type: 'channel', optional: true }],
  options: () => ({ type: 'object', properties: { controls: { type: 'boolean', default: true, title: t('controls') } } }),
  component: () => import('./RunWidget.vue'),
} satisfies WidgetKind
