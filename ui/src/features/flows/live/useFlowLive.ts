/**
 * What a flow does now: its run, the step under way, and what its rules see.
 *
 * Steps glow only while the very text that is shown runs; of another version it is only said that it runs.
 */
import { computed, inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import type { RuleState } from '@/api/rules'
import type { Run } from '@/api/types'
import { useRuleList } from '@/features/rules/useRuleList'
import { useRuns } from '@/stores/runs'
import type { FlowEditor } from '../model/editor'
import { textOf, type FlowNode } from '../model/graph'
import { stepsAt, type StepLive } from './liveSteps'

export interface FlowLive {
  /** A version that is only looked at: what points are worth now says nothing about it. */
  isPast: boolean
  /** The run of this flow that is under way, of whatever version. */
  run: ComputedRef<Run | null>
  /** Whether it runs the text that is shown. */
  isThis: ComputedRef<boolean>
  stepOf: (node: FlowNode) => StepLive | undefined
  ruleOf: (node: FlowNode) => RuleState | undefined
  /** Reads what rules do again, after somebody did something to one. */
  readRules: () => Promise<void>
  /** The channel whose values stand beside conditions. */
  channel: ComputedRef<string>
}

const KEY: InjectionKey<FlowLive> = Symbol('live flow')

export function useLive(): FlowLive {
  const live = inject(KEY)
  if (!live) throw new Error('no live flow above this component')
  return live
}

export function provideFlowLive(editor: FlowEditor): FlowLive {
  const runs = useRuns()
  const rules = useRuleList()
  const run = computed(() => (editor.readonly ? null : ((runs.past ?? runs.list).find((one) => one.sequence === editor.id && one.state !== 'finished') ?? null)))
  const isThis = computed(() => run.value !== null && editor.facts.value?.text === editor.text.value && editor.facts.value.revision === run.value.flow_revision)
  const steps = computed(() => (isThis.value ? stepsAt(run.value) : new Map<string, StepLive>()))
  const live: FlowLive = {
    isPast: editor.readonly, run, isThis,
    stepOf: (node) => (steps.value.size ? steps.value.get(editor.factsOf(node)?.id ?? node.id) : undefined),
    ruleOf: (node) => (editor.readonly || !node.id ? undefined : rules.byId.value[`${editor.id}/${node.id}`]),
    readRules: async () => void (await rules.load.reload()),
    channel: computed(() => (editor.readonly ? '' : (run.value?.bindings.channel ?? textOf(editor.graph.value.head.channel)))),
  }
  provide(KEY, live)
  return live
}
