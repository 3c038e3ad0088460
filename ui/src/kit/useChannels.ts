/** Channels that exist: told by the server, bound by a run, or noticed because their points speak. */
import { computed, onBeforeUnmount, ref, type ComputedRef } from 'vue'
import { useBench } from '@/stores/bench'
import { useDevices } from '@/stores/devices'
import { useRuns } from '@/stores/runs'
import { onSamples, sampleOf, want } from '@/stores/samples'

const USUAL = ['CH1', 'CH2', 'CH3', 'CH4']

export function useChannels(): ComputedRef<string[]> {
  const bench = useBench()
  const devices = useDevices()
  const runs = useRuns()
  const speaking = ref<string[]>(USUAL.filter((channel) => sampleOf(`${channel}.voltage`)))
  const unwant = want(USUAL.map((channel) => `${channel}.voltage`))
  const stop = onSamples((values) => {
    for (const channel of USUAL) {
      if (`${channel}.voltage` in values && !speaking.value.includes(channel)) speaking.value = [...speaking.value, channel].sort()
    }
  })
  onBeforeUnmount(() => {
    unwant()
    stop()
  })
  return computed(() => {
    if (bench.channels) return bench.channels
    const bound = runs.list.map((run) => run.bindings?.channel).filter((channel): channel is string => Boolean(channel))
    const listed = devices.list.filter((device) => device.category === 'channel').map((device) => device.id)
    return [...new Set([...listed, ...bound, ...speaking.value])].sort()
  })
}
