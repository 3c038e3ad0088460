/** The shell's own shortcuts. */
import type { Shortcut } from '@/kit/shortcuts'
import { useBench } from '@/stores/bench'
import { features } from './features'
import { t } from './messages'
import { shell } from './state'
import { toggleTheme } from './theme'

/** Second letter of `g …`; a page without one is still in the palette. */
const LETTERS: Record<string, string> = { dashboard: 'd', flows: 'f', runs: 'r', devices: 'e', alarms: 'a', history: 'h', channels: 'c', scripts: 's', rules: 'u' }

export function shellShortcuts(goTo: (to: string) => void): Shortcut[] {
  const bench = useBench()
  const pages = () => t('groupPages')
  const actions = () => t('groupActions')
  const safety = () => t('groupSafety')
  const withProject = (work: () => void) => () => { if (bench.project) work() }
  return [
    { id: 'all-off', keys: 'Ctrl+Shift+X', title: () => t('allOffNow'), group: safety },
    { id: 'ask-all-off', keys: 'Shift+Escape', title: () => t('panicAskKey'), group: safety, everywhere: true, run: () => (shell.panic = true) },
    { id: 'palette', keys: 'Ctrl+K', title: () => t('palette'), group: actions, everywhere: true, run: () => (shell.palette = !shell.palette) },
    { id: 'keys', keys: '?', title: () => t('keysTitle'), group: actions, run: () => (shell.keys = true) },
    { id: 'marker', keys: 'm', title: () => t('setMarker'), group: actions, run: withProject(() => (shell.marking = true)) },
    { id: 'record', keys: 'r', title: () => (bench.recording ? t('stopRecording') : t('startRecording')), group: actions, run: withProject(() => (shell[bench.recording ? 'stopping' : 'recording'] = true)) },
    { id: 'projects', keys: 'p', title: () => t('switchProject'), group: actions, run: () => (shell.choosing = true) },
    { id: 'theme', keys: 't', title: () => t('switchTheme'), group: actions, run: toggleTheme },
    ...features.flatMap((feature) => (feature.path && LETTERS[feature.name] ? [{ id: `go ${feature.name}`, keys: `g ${LETTERS[feature.name]}`, title: feature.title, group: pages, run: () => goTo(feature.path ?? '/') }] : [])),
  ]
}
