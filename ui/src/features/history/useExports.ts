/** Exports: files that are there, and those under way with their progress. */
import { onBeforeUnmount, ref, watch } from 'vue'
import { exportJobsApi, type ExportJob } from '@/api/exportJobs'
import { exportsApi } from '@/api/endpoints'
import { useLoad } from '@/kit/useLoad'
import { useBench } from '@/stores/bench'
import { onServerEvent } from '@/stores/live'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

export const isOver = (job: ExportJob) => job.state !== 'waiting' && job.state !== 'running'

export function useExports() {
  const bench = useBench()
  const toasts = useToasts()
  const files = useLoad(() => exportsApi.list())
  const jobs = ref<ExportJob[]>([])

  function put(job: ExportJob): void {
    const known = jobs.value.find((item) => item.id === job.id)
    if (known && isOver(known)) return
    const rest = jobs.value.filter((item) => item.id !== job.id)
    if (!isOver(job)) {
      jobs.value = [...rest, job].sort((a, b) => a.created - b.created)
      return
    }
    jobs.value = rest
    tell(job)
    void files.reload()
  }

  function tell(job: ExportJob): void {
    if (job.state === 'done') toasts.show('ok', t('exported', { file: job.export?.filename }))
    else if (job.state === 'failed') toasts.show('error', job.error?.message ?? t('exportFailed'), job.error?.hint ?? '', job.error?.code ?? '')
    else toasts.show('info', t('cancelled'))
  }

  /** After a lost link the server is asked, for events may be missing. */
  async function read(): Promise<void> {
    const items = (await exportJobsApi.list()).items
    jobs.value = items.filter((job) => !isOver(job)).reverse()
    void files.reload()
  }
  watch(() => bench.link === 'online', (online) => online && read().catch(() => undefined), { immediate: true })
  onBeforeUnmount(onServerEvent<ExportJob>('export_job', put))
  return { files, jobs, put, cancel: (id: string) => exportJobsApi.cancel(id) }
}
