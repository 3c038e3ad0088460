/** Routes come from the features; an unknown address leads to the first one. */
import { createRouter, createWebHistory } from 'vue-router'
import { useToasts } from '@/stores/toasts'
import { features } from './features'
import { t } from './messages'

/** Parts of the page come from the server one by one: a press must not seem to do nothing. */
function tellFailure(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  useToasts().show('error', t('noPage'), reason.split('\n')[0])
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [...features.flatMap((feature) => feature.routes), { path: '/:rest(.*)*', redirect: '/' }],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.onError(tellFailure)
