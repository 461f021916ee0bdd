/** Colours: PrimeVue's Aura with our blue, light or dark by a class on <html>. */

import { definePreset } from '@primeuix/themes'
import Aura from '@primeuix/themes/aura'
import { ref } from 'vue'
import { savedTheme, type Theme } from './storage'

export const DARK_CLASS = 'dark'

export const preset = definePreset(Aura, {
  semantic: {
    primary: {
      50: '{blue.50}',
      100: '{blue.100}',
      200: '{blue.200}',
      300: '{blue.300}',
      400: '{blue.400}',
      500: '{blue.500}',
      600: '{blue.600}',
      700: '{blue.700}',
      800: '{blue.800}',
      900: '{blue.900}',
      950: '{blue.950}',
    },
    colorScheme: {
      light: {
        primary: { color: '{blue.600}', hoverColor: '{blue.700}', activeColor: '{blue.800}' },
        surface: {
          0: '#ffffff',
          50: '{slate.50}',
          100: '{slate.100}',
          200: '{slate.200}',
          300: '{slate.300}',
          400: '{slate.400}',
          500: '{slate.500}',
          600: '{slate.600}',
          700: '{slate.700}',
          800: '{slate.800}',
          900: '{slate.900}',
          950: '{slate.950}',
        },
      },
      dark: {
        surface: {
          0: '#ffffff',
          50: '{slate.50}',
          100: '{slate.100}',
          200: '{slate.200}',
          300: '{slate.300}',
          400: '{slate.400}',
          500: '{slate.500}',
          600: '{slate.600}',
          700: '{slate.700}',
          800: '{slate.800}',
          900: '{slate.900}',
          950: '{slate.950}',
        },
      },
    },
  },
})

export const theme = ref<Theme>('light')

/** Applies the remembered theme, else the system's. */
export function startTheme(): void {
  const system = window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  applyTheme(savedTheme.get() ?? system)
}

export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark'
  savedTheme.set(next)
  applyTheme(next)
}

function applyTheme(next: Theme): void {
  theme.value = next
  document.documentElement.classList.toggle(DARK_CLASS, next === 'dark')
}
