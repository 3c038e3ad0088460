/** Dark or light: the person's choice if there is one, else the system's. */
import { ref } from 'vue'

export type Theme = 'dark' | 'light'
const STORED = 'ionpy.theme'
const system = window.matchMedia?.('(prefers-color-scheme: light)')

function stored(): Theme | null {
  const value = localStorage.getItem(STORED)
  return value === 'dark' || value === 'light' ? value : null
}

export const theme = ref<Theme>(stored() ?? (system?.matches ? 'light' : 'dark'))

function apply(next: Theme): void {
  theme.value = next
  document.documentElement.dataset.theme = next
}

export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark'
  localStorage.setItem(STORED, next)
  apply(next)
}

export function startTheme(): void {
  apply(theme.value)
  system?.addEventListener('change', (change) => {
    if (!stored()) apply(change.matches ? 'light' : 'dark')
  })
}
