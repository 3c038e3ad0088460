/** The list of recordings: read page by page, searched, and which of them are shown. The choice stands in the address. */
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { sessionsApi } from '@/api/endpoints'
import type { Session } from '@/api/types'
import { useLoad } from '@/kit/useLoad'
import { useBench } from '@/stores/bench'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'
import { fits, MOST_SESSIONS } from './points'

const PAGE = 200

function idsOf(query: Record<string, unknown>): number[] {
  const text = [query.session, query.with].filter((part): part is string => typeof part === 'string').join()
  return [...new Set(text.split(',').map(Number).filter((id) => Number.isInteger(id) && id > 0))].slice(0, MOST_SESSIONS)
}

export function useRecordings() {
  const bench = useBench()
  const route = useRoute()
  const router = useRouter()
  const toasts = useToasts()
  const words = ref('')
  const tag = ref('')
  const older = ref<Session[]>([])
  const load = useLoad(async () => {
    const page = await sessionsApi.list({ limit: PAGE })
    older.value = []
    return page
  })
  const known = computed(() => [...(load.data.value?.items ?? []), ...older.value])
  const more = computed(() => known.value.length < (load.data.value?.total ?? 0))
  const shown = computed(() => known.value.filter((session) => fits(session, words.value, tag.value)))
  const tags = computed(() => [...new Set(known.value.flatMap((session) => session.tags ?? []))].sort())
  const ids = ref(idsOf(route.query))
  const sessions = computed(() => {
    const own = ids.value.flatMap((id) => known.value.find((session) => session.id === id) ?? [])
    return own.length ? own : shown.value.slice(0, 1)
  })
  watch([() => bench.session?.id, () => bench.session?.name, () => bench.session?.status], () => void load.reload())

  function show(next: number[]): void {
    ids.value = next
    const [session, ...rest] = next
    void router.replace({ query: session ? { session, ...(rest.length ? { with: rest.join() } : {}) } : {} })
  }

  function toggle(id: number): void {
    const now = sessions.value.map((session) => session.id)
    if (now.includes(id)) show(now.filter((other) => other !== id))
    else if (now.length < MOST_SESSIONS) show([...now, id])
    else toasts.show('warning', t('tooMany', { n: MOST_SESSIONS }))
  }

  async function readOlder(): Promise<void> {
    older.value = [...older.value, ...(await sessionsApi.list({ limit: PAGE, offset: known.value.length })).items]
  }

  function put(changed: Session): void {
    const data = load.data.value
    if (data) load.data.value = { ...data, items: data.items.map((item) => (item.id === changed.id ? { ...item, ...changed } : item)) }
    older.value = older.value.map((item) => (item.id === changed.id ? { ...item, ...changed } : item))
  }

  return { load, words, tag, tags, shown, more, sessions, show, toggle, readOlder, put }
}
