import { mdiPaletteOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'kit',
  order: 950,
  icon: mdiPaletteOutline,
  title: () => t('title'),
  routes: [{ path: '/kit', component: () => import('./GalleryPage.vue'), meta: { feature: 'kit', free: true } }],
} satisfies Feature
