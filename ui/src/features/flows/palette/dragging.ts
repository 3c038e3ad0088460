/** The block that is on its way from the palette: a view may not read a drag before it is dropped. */
import { shallowRef } from 'vue'
import type { Block } from './blocks'

export const dragged = shallowRef<Block | null>(null)
