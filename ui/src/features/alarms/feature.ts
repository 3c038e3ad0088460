import { mdiBellOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { useAlarms } from '@/stores/alarms'
import { t } from './messages'

const meta = { feature: 'alarms' }

export default {
  name: 'alarms',
  order: 50,
  icon: mdiBellOutline,
  title: () => t('title'),
  path: '/alarms',
  badge: () => useAlarms().count || null,
  routes: [
    { path: '/alarms', component: () => import('./list/AlarmsPage.vue'), meta },
    { path: '/alarms/history', component: () => import('./history/AlarmHistoryPage.vue'), meta },
    { path: '/alarms/definitions', component: () => import('./definitions/DefinitionsPage.vue'), meta },
    { path: '/alarms/routing', component: () => import('./routing/RoutingPage.vue'), meta },
    { path: '/alarms/outbox', component: () => import('./outbox/OutboxPage.vue'), meta },
    { path: '/alarms/quality', component: () => import('./quality/QualityPage.vue'), meta },
  ],
} satisfies Feature
