/** Routes come from the features; an unknown address leads to the first one. */
import { createRouter, createWebHistory } from 'vue-router'
import { useBench } from '@/stores/bench'
import { useToasts } from '@/stores/toasts'
import { features } from './features'
import { t } from './messages'

/** A part under an old name: the pages were built anew since this one was loaded. */
const isMissingPart = (error: unknown) => error instanceof Error && /dynamically imported module|preload CSS|importing a module/i.test(error.message) && navigator.onLine && useBench().link === 'online'

/** Parts of the page come from the server one by one: a press must not seem to do nothing. */
function tellFailure(error: unknown): void {
  if (isMissingPart(error)) return useToasts().offer(t('newVersion'), t('reload'), () => location.reload())
  const reason = error instanceof Error ? error.message : String(error)
  useToasts().show('error', t('noPage'), reason.split('\n')[0])
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [...features.flatMap((feature) => feature.routes), { path: '/:rest(.*)*', redirect: '/' }],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.onError(tellFailure)

const WARM_AFTER_MS = 4000

/** Loads the parts of all pages while nothing else goes on: pages can be opened although the server is away. */
export function warmPages(): void {
  const parts = router.getRoutes().map((route) => route.components?.default).filter((part) => typeof part === 'function') as (() => Promise<unknown>)[]
  const next = (): void => {
    const part = parts.shift()
    if (part) void Promise.resolve(part()).catch(() => undefined).then(() => window.setTimeout(next, 50))
  }
  window.setTimeout(next, WARM_AFTER_MS)
}
