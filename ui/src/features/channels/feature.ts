import { mdiViewGridOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'channels',
  order: 12,
  icon: mdiViewGridOutline,
  title: () => t('title'),
  path: '/channels',
  routes: [{ path: '/channels', component: () => import('./ChannelsPage.vue'), meta: { feature: 'channels' } }],
} satisfies Feature
