/** The wizard's state: what is filled in, which step is shown, why it cannot go on, and what the probe said. */
import { computed, inject, provide, reactive, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import { devicesApi, driversApi } from '@/api/endpoints'
import type { Device, Driver, DriverBlueprint, Items, ProbeResult } from '@/api/types'
import { fieldsOf, firstProblem, type Field } from '@/kit/schema/fields'
import { useLoad, type Load } from '@/kit/useLoad'
import { useBench } from '@/stores/bench'
import { useDevices } from '@/stores/devices'
import { suggestId } from '../describe'
import { adoptBlueprint, blueprintFor, configOf, entryOf, freshEntry, ID, pollOf, probeOf, type Entry, type Way } from './entry'
import { framingFields, transportFields } from './stacks'
import { t } from './messages'

export const STEPS = ['driver', 'identity', 'transport', 'probe', 'confirm'] as const
export type Step = (typeof STEPS)[number]

export interface Wizard {
  entry: Entry
  editing: Device | null
  step: Ref<Step>
  drivers: Load<Items<Driver>>
  driver: ComputedRef<Driver | null>
  blueprint: ShallowRef<DriverBlueprint | null>
  blueprintError: ShallowRef<unknown>
  simulated: ComputedRef<boolean>
  way: ComputedRef<Way | null>
  paramFields: ComputedRef<Field[]>
  transportFields: ComputedRef<Field[]>
  framingFields: ComputedRef<Field[]>
  result: ShallowRef<ProbeResult | null>
  skipped: Ref<boolean>
  /** The way to the device is as it was: there is nothing to probe. */
  unchanged: ComputedRef<boolean>
  dirty: ComputedRef<boolean>
  problems: ComputedRef<Record<Step, string>>
  choose: (driver: Driver) => void
  /** Resolves when the chosen driver has been read. */
  settled: () => Promise<void>
  save: () => Promise<Device>
}

const KEY: InjectionKey<Wizard> = Symbol('wizard')

export function useWizard(): Wizard {
  const wizard = inject(KEY)
  if (!wizard) throw new Error('no wizard here')
  return wizard
}

const usable = (driver: Driver | null) => Boolean(driver && !driver.error && driver.trusted !== false)

export function provideWizard(editing: Device | null): Wizard {
  const devices = useDevices()
  const bench = useBench()
  const entry = reactive(editing ? entryOf(editing) : freshEntry())
  const step = ref<Step>(editing ? 'identity' : 'driver')
  const blueprint = shallowRef<DriverBlueprint | null>(null)
  const blueprintError = shallowRef<unknown>(null)
  const result = shallowRef<ProbeResult | null>(null)
  const skipped = ref(false)
  const before = ref('')
  let suggested = ''
  let asked = 0
  let reading = Promise.resolve()

  const drivers = useLoad(() => driversApi.list())
  const driver = computed(() => drivers.data.value?.items.find((one) => [one.name, ...(one.aliases ?? [])].some((name) => name.toLowerCase() === entry.driver.toLowerCase())) ?? null)
  const simulated = computed(() => bench.mode.mode === 'simulate')
  const way = computed(() => entry.ways[entry.transport] ?? null)
  const defaults = computed(() => blueprintFor(blueprint.value, entry.transport, way.value?.framing))
  const paramFields = computed(() => fieldsOf(blueprint.value?.parameters ?? {}))
  const ofTransport = computed(() => transportFields(entry.transport, defaults.value?.transport_params ?? {}))
  const ofFraming = computed(() => framingFields(way.value?.framing ?? '', defaults.value?.framing_params ?? {}))

  async function readBlueprint(): Promise<void> {
    const mine = ++asked
    blueprint.value = null
    blueprintError.value = null
    try {
      const found = await driversApi.blueprint(entry.driver)
      if (mine !== asked) return
      blueprint.value = found
      adoptBlueprint(entry, found)
      if (editing) before.value = signature()
    } catch (problem) {
      if (mine === asked) blueprintError.value = problem
    }
  }

  function choose(chosen: Driver): void {
    if (chosen.name === entry.driver || !usable(chosen)) return
    Object.assign(entry, { driver: chosen.name, transport: '', ways: {}, params: {} })
    if (!entry.id || entry.id === suggested) entry.id = suggested = suggestId(chosen.name, Object.keys(devices.byId))
    if (chosen.icon) entry.icon = chosen.icon
    reading = readBlueprint()
  }

  /** A result counts for exactly what was probed. */
  const signature = () => JSON.stringify(probeOf(entry, blueprint.value))
  watch(signature, () => {
    result.value = null
    skipped.value = false
  })
  const unchanged = computed(() => before.value !== '' && signature() === before.value)
  const start = JSON.stringify(entry)
  const dirty = computed(() => (editing ? JSON.stringify({ ...entry, ways: 0 }) !== JSON.stringify({ ...JSON.parse(start), ways: 0 }) || !unchanged.value : Boolean(entry.driver)))

  const formProblem = computed(() => {
    if (!way.value || !blueprint.value) return driverProblem(entry, driver.value, blueprint.value, blueprintError.value)
    const { transport, framings, framing } = way.value
    return firstProblem(ofTransport.value, transport) || firstProblem(ofFraming.value, framings[framing] ?? {}) || firstProblem(paramFields.value, entry.params)
  })
  const problems = computed<Record<Step, string>>(() => {
    const found = {
      driver: driverProblem(entry, driver.value, blueprint.value, blueprintError.value),
      identity: identityProblem(entry, editing ? [] : Object.keys(devices.byId)),
      transport: wayProblem(entry, way.value, simulated.value) || formProblem.value,
      probe: unchanged.value || skipped.value || result.value?.success ? '' : t(result.value ? 'needProbe' : 'waitProbe'),
    }
    return { ...found, confirm: found.driver || found.identity || found.transport || found.probe }
  })

  const save = () => {
    const config = configOf(entry, blueprint.value)
    return editing ? devicesApi.replace(editing.id, config) : devicesApi.add(config)
  }

  if (editing) reading = readBlueprint()
  const wizard: Wizard = {
    entry, editing, step, drivers, driver, blueprint, blueprintError, simulated, way, paramFields, transportFields: ofTransport, framingFields: ofFraming,
    result, skipped, unchanged, dirty, problems, choose, settled: () => reading, save,
  }
  provide(KEY, wizard)
  return wizard
}

function driverProblem(entry: Entry, driver: Driver | null, blueprint: DriverBlueprint | null, failed: unknown): string {
  if (!entry.driver) return t('needDriver')
  if (driver && !usable(driver)) return t('badDriver')
  if (failed) return t('noBlueprint')
  return blueprint ? '' : t('reading')
}

function identityProblem(entry: Entry, taken: string[]): string {
  if (!ID.test(entry.id)) return t('badId')
  if (taken.some((id) => id.toLowerCase() === entry.id.toLowerCase())) return t('takenId', { id: entry.id })
  return pollOf(entry) === null ? t('badPoll') : ''
}

/** In a simulated project no port is opened, so none is needed. */
function wayProblem(entry: Entry, way: Way | null, simulated: boolean): string {
  if (!way) return t('needTransport')
  const { port, baudrate, host, resource } = way.transport
  if (entry.transport === 'serial' && !within(baudrate, 50, 4_000_000)) return t('badBaud')
  const missing: Record<string, () => string> = {
    serial: () => (port ? '' : t('needPort')),
    tcp: () => (host ? (within(port, 1, 65_535) ? '' : t('badPort')) : t('needHost')),
    visa: () => (resource ? '' : t('needResource')),
  }
  return simulated ? '' : (missing[entry.transport]?.() ?? '')
}

const within = (value: unknown, low: number, high: number) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high
