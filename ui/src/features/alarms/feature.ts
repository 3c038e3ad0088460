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
  ],
} satisfies Feature
