import { mdiSitemapOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'flow',
  order: 75,
  icon: mdiSitemapOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 7, minW: 3, minH: 3 },
  slots: [{ name: 'flow', label: () => t('flow'), type: 'flow' }],
  options: () => ({ type: 'object', properties: {} }),
  component: () => import('./FlowWidget.vue'),
} satisfies WidgetKind
