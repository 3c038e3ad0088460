/** Zoom and place of the canvas: kept in this browser, a place for each flow, the zoom for all of them. */
export interface Seen { x: number; y: number; zoom: number }

const STORED = 'ionpy.flows.canvas'
const MOST = 40

interface Kept { zoom: number; map: boolean; places: Record<string, [number, number, number]> }

function read(): Kept {
  try {
    const value = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Partial<Kept> | null
    return { zoom: Number(value?.zoom) || 1, map: value?.map ?? false, places: value?.places ?? {} }
  } catch {
    return { zoom: 1, map: false, places: {} }
  }
}
const write = (kept: Kept) => localStorage.setItem(STORED, JSON.stringify(kept))

export function seenOf(flow: string): Seen | null {
  const at = read().places[flow]
  return at ? { x: at[0], y: at[1], zoom: at[2] } : null
}

export function keepSeen(flow: string, at: Seen): void {
  const kept = read()
  const others = Object.entries(kept.places).filter(([name]) => name !== flow)
  const places = Object.fromEntries([...others.slice(1 - MOST), [flow, [Math.round(at.x), Math.round(at.y), Number(at.zoom.toFixed(3))] as [number, number, number]]])
  write({ ...kept, zoom: at.zoom, places })
}

export const mapShown = (): boolean => read().map
export const keepMap = (map: boolean): void => write({ ...read(), map })

/** What a flow shows the first time: the lane in the middle on top, never larger than life. */
export function firstLook(lane: { x: number; w: number }, pane: { width: number }): Seen {
  const zoom = Math.min(1, Math.max(0.5, (pane.width - 32) / lane.w))
  return { x: Math.max(16, (pane.width - lane.w * zoom) / 2) - lane.x * zoom, y: 16, zoom }
}
