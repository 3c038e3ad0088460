/** What is open: project, mode, panic latch, recording session, link state. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { LinkState, Loss } from '@/api/socket'
import type { Latch, ModeInfo, Project, Session, Snapshot } from '@/api/types'

export const useBench = defineStore('bench', () => {
  const link = ref<LinkState>('connecting')
  /** Why the link is lost and when the next try begins; stays until it is back. */
  const loss = ref<Loss | null>(null)
  /** The project this page itself is about to open ('' closes): its coming is no news. */
  const switching = ref<Project['id'] | null>(null)
  /** False until the first snapshot: nothing is known yet, not even whether a project is open. */
  const known = ref(false)
  const project = ref<Project | null>(null)
  const mode = ref<ModeInfo>({ mode: 'simulate', armed_by: null })
  const latch = ref<Latch>({ pressed: false })
  const session = ref<Session | null>(null)
  const channels = ref<string[] | null>(null)
  const recording = computed(() => session.value?.status === 'running')

  function adopt(snapshot: Snapshot): void {
    known.value = true
    project.value = snapshot.project
    mode.value = snapshot.mode
    latch.value = snapshot.latch
    session.value = snapshot.session
    if ((snapshot.project?.id ?? '') === switching.value) switching.value = null
    channels.value = snapshot.channels?.map((channel) => channel.id) ?? null
  }

  function setLink(state: LinkState, lost?: Loss): void {
    link.value = state
    if (state === 'online') loss.value = null
    else if (lost) loss.value = lost
  }

  function setSession(next: Session): void {
    session.value = next.status === 'running' ? next : null
  }

  return { link, loss, switching, setLink, known, project, mode, latch, session, channels, recording, adopt, setSession }
})
