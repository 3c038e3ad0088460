/** Dragging rows to another place, and blocks from the palette into the table. */
import { ref, type Ref } from 'vue'
import { kindOf, NODES_TYPE, placeOf, type Plain } from '../model/graph'
import type { Commands, QuickPlace } from '../model/useCommands'
import type { Row } from './rows'

const MOVE_TYPE = 'application/x-ionpy-move'

export interface RowDrag {
  /** Key of the row under the pointer and where a drop would go. */
  over: Ref<{ key: string; side: 'before' | 'after' | 'in' } | null>
  start: (event: DragEvent, key: string) => void
  move: (event: DragEvent, row: Row) => void
  drop: (event: DragEvent, row: Row) => void
  end: () => void
}

export function placeAt(row: Row, side: 'before' | 'after' | 'in'): QuickPlace | null {
  if (row.type !== 'node') return row.place
  const inner = row.node.parts.find((part) => part.isList)
  if (side === 'in' && inner) return { slot: { list: inner.path, index: 0 }, kind: row.node.kind }
  const place = placeOf(row.node)
  return place && { slot: { list: place.list, index: place.index + (side === 'before' ? 0 : 1) }, kind: row.node.kind }
}

/** Boxes take a drop inside in their lower part; headings always do. */
function sideOf(event: DragEvent, row: Row): 'before' | 'after' | 'in' {
  if (row.type !== 'node') return 'in'
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
  const part = (event.clientY - box.top) / box.height
  const isBox = row.node.kind !== 'rule' && row.node.parts.some((one) => one.isList)
  if (isBox && part > 0.35) return 'in'
  return part < 0.5 ? 'before' : 'after'
}

export function useRowDrag(commands: Commands): RowDrag {
  const over: RowDrag['over'] = ref(null)
  let dragged = ''

  function move(event: DragEvent, row: Row): void {
    const types = event.dataTransfer?.types ?? []
    if (!types.includes(MOVE_TYPE) && !types.includes(NODES_TYPE)) return
    if (dragged && (row.key === dragged || row.key.startsWith(`${dragged}/`))) return
    event.preventDefault()
    over.value = { key: row.key, side: sideOf(event, row) }
  }
  function drop(event: DragEvent, row: Row): void {
    const at = over.value && placeAt(row, over.value.side)
    const given = event.dataTransfer?.getData(NODES_TYPE)
    const key = event.dataTransfer?.getData(MOVE_TYPE)
    end()
    if (!at || (!given && !key)) return
    event.preventDefault()
    if (key) return void commands.moveTo(key, at.slot)
    const values = JSON.parse(given ?? '[]') as Plain[]
    const kind = kindOf(values[0])
    const home = { limit: 'limits', rule: 'rules' }[kind as string]
    void commands.add(values, home && at.kind !== kind ? { kind, slot: { list: [home], index: 1e6 } } : at)
  }
  const end = () => {
    over.value = null
    dragged = ''
  }
  return {
    over, move, drop, end,
    start: (event, key) => {
      dragged = key
      event.dataTransfer?.setData(MOVE_TYPE, key)
      if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move'
    },
  }
}
