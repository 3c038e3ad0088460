import { mdiCellphone } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

const meta = { feature: 'mobile', bare: true }

export default {
  name: 'mobile',
  order: 900,
  icon: mdiCellphone,
  title: () => t('title'),
  routes: [
    {
      path: '/mobile',
      component: () => import('./MobilePage.vue'),
      meta,
      children: [
        { path: '', component: () => import('./tabs/OverviewTab.vue'), meta },
        { path: '/mobile/live', component: () => import('./tabs/LiveTab.vue'), meta },
        { path: '/mobile/alarms', component: () => import('./tabs/AlarmsTab.vue'), meta },
        { path: '/mobile/runs', component: () => import('./tabs/RunsTab.vue'), meta },
      ],
    },
  ],
} satisfies Feature
