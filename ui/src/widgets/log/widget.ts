import { mdiTextBoxSearchOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

const ABOUT = ['all', 'alarms', 'runs', 'rules', 'devices', 'scripts', 'session'] as const

export default {
  type: 'log',
  order: 50,
  icon: mdiTextBoxSearchOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 4, minW: 2, minH: 2 },
  slots: [],
  options: () => ({ type: 'object', properties: { about: { oneOf: ABOUT.map((name) => ({ const: name, title: t(name) })), default: 'all', title: t('about') }, filter: { type: 'string', maxLength: 100, title: t('filter') } } }),
  component: () => import('./LogWidget.vue'),
} satisfies WidgetKind
