/** Step kinds as colour and word: charge and discharge are told apart by both. */
import { t } from './messages'

type Kind = 'charge' | 'discharge' | 'rest' | 'other'

export function kindOf(kind: string): Kind {
  if (kind === 'charge' || kind === 'precharge') return 'charge'
  if (kind === 'dcir' || kind === 'pulse') return 'discharge'
  if (kind === 'discharge') return 'discharge'
  return kind === 'rest' || kind === 'wait' ? 'rest' : 'other'
}

export const KIND_COLOUR: Record<Kind, string> = {
  charge: '--charge',
  discharge: '--discharge',
  rest: '--rest',
  other: '--power',
}

export const kindText = (kind: string): string => t(kindOf(kind))
