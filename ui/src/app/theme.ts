/** How the page looks: dark or light, roomy or dense; the person's choice if there is one, else the system's. */
import { ref } from 'vue'

export type Theme = 'dark' | 'light'
export type ThemeChoice = Theme | 'system'
export type Density = 'roomy' | 'dense'
const STORED = 'ionpy.theme'
const STORED_DENSITY = 'ionpy.density'
const COLOURS: Record<Theme, string> = { dark: '#141a21', light: '#ffffff' }
const system = window.matchMedia?.('(prefers-color-scheme: light)')
const ofSystem = (): Theme => (system?.matches ? 'light' : 'dark')

function stored(): ThemeChoice {
  const value = localStorage.getItem(STORED)
  return value === 'dark' || value === 'light' ? value : 'system'
}

export const themeChoice = ref<ThemeChoice>(stored())
export const theme = ref<Theme>(themeChoice.value === 'system' ? ofSystem() : themeChoice.value)
export const density = ref<Density>(localStorage.getItem(STORED_DENSITY) === 'dense' ? 'dense' : 'roomy')

function apply(): void {
  theme.value = themeChoice.value === 'system' ? ofSystem() : themeChoice.value
  document.documentElement.dataset.theme = theme.value
  document.documentElement.dataset.density = density.value
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', COLOURS[theme.value])
}

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice
  if (choice === 'system') localStorage.removeItem(STORED)
  else localStorage.setItem(STORED, choice)
  apply()
}

export const toggleTheme = () => chooseTheme(theme.value === 'dark' ? 'light' : 'dark')

export function chooseDensity(choice: Density): void {
  density.value = choice
  localStorage.setItem(STORED_DENSITY, choice)
  apply()
}

export function startTheme(): void {
  apply()
  system?.addEventListener('change', apply)
}
