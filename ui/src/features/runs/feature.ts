import { mdiPlayBoxMultipleOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { useRuns } from '@/stores/runs'
import { t } from './messages'

export default {
  name: 'runs',
  order: 30,
  icon: mdiPlayBoxMultipleOutline,
  title: () => t('title'),
  path: '/runs',
  badge: () => useRuns().waiting || null,
  routes: [
    { path: '/runs', component: () => import('./RunsPage.vue'), meta: { feature: 'runs' } },
    { path: '/runs/compare', component: () => import('./ComparePage.vue'), meta: { feature: 'runs' } },
    { path: '/runs/:id/trace', component: () => import('@/features/flows/trace/TracePage.vue'), props: true, meta: { feature: 'runs' } },
    { path: '/runs/:id', component: () => import('./RunPage.vue'), props: true, meta: { feature: 'runs' } },
  ],
} satisfies Feature
