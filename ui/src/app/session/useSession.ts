/** Starting, changing and stopping the recording. */
import { reactive, ref } from 'vue'
import { sessionsApi } from '@/api/endpoints'
import type { Session } from '@/api/types'
import { listOf, recordOf, twice, type Condition } from '@/kit/conditions'
import { useAction } from '@/kit/useAction'
import { useBench } from '@/stores/bench'

const OPERATOR = 'ionpy.operator'
const FIRST: readonly string[] = ['cell', 'operator', 'temperature']

/** What most recordings say; the operator is remembered in this browser. */
function usual(): Condition[] {
  const operator = localStorage.getItem(OPERATOR) ?? ''
  return FIRST.map((name) => ({ name, value: name === 'operator' ? operator : '' }))
}

export function useSessionForm(done: () => void) {
  const bench = useBench()
  const entry = reactive({ name: '', notes: '', conditions: [] as Condition[] })
  /** The session that is changed; null: a new one is started. */
  const session = ref<Session | null>(null)

  function begin(changed: Session | null): void {
    session.value = changed
    Object.assign(entry, { name: changed?.name ?? '', notes: changed?.notes ?? '', conditions: changed ? listOf(changed.conditions) : usual() })
  }

  const save = useAction(async () => {
    const filled = session.value ? entry.conditions : entry.conditions.filter((one) => one.value.trim())
    const conditions = recordOf(filled, session.value?.conditions)
    const body = { name: entry.name.trim(), notes: entry.notes.trim(), conditions }
    const saved = session.value ? await sessionsApi.change(session.value.id, body) : await sessionsApi.start(body)
    if (typeof conditions.operator === 'string') localStorage.setItem(OPERATOR, conditions.operator)
    bench.setSession(saved)
    done()
  })

  return { entry, session, begin, save, blocked: () => save.busy.value || twice(entry.conditions).length > 0 }
}

export function useStop(done: () => void) {
  const bench = useBench()
  return useAction(async () => {
    bench.setSession(await sessionsApi.stop())
    done()
  })
}
