import { mdiHistory } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'history',
  order: 60,
  icon: mdiHistory,
  title: () => t('title'),
  path: '/history',
  routes: [{ path: '/history', component: () => import('./HistoryPage.vue'), meta: { feature: 'history' } }],
} satisfies Feature
