/** What stands in a `Menu`: things to do, pages to go to, headings and lines between them. */
export interface MenuAction {
  label: string
  icon?: string
  /** A second line, or why it cannot be done now. */
  hint?: string
  keys?: string
  danger?: boolean
  disabled?: boolean
  /** Shows a tick and is read as one of several choices. */
  checked?: boolean
  /** A page; otherwise `act` is called. */
  to?: string
  act?: () => void
}
export type MenuEntry = MenuAction | { heading: string } | 'line'

export const isAction = (entry: MenuEntry): entry is MenuAction => typeof entry === 'object' && 'label' in entry
export const isHeading = (entry: MenuEntry): entry is { heading: string } => typeof entry === 'object' && 'heading' in entry
