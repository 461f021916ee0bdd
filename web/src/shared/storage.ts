/** What the browser remembers between visits. Nothing secret; every read tolerates rubbish and a blocked storage. */

import { COLOURS, QUALITIES, type Colours, type Quality } from '../protocol/screen'
import { CAPTURES, LANGUAGES, type Capture, type Language } from './types'

export type Theme = 'light' | 'dark'

const PREFIX = 'wizhelper.'

function read(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch (problem) {
    if (problem instanceof DOMException) return null
    throw problem
  }
}

/** A blocked or full storage costs only the memory of a preference: told in the browser's log, nothing more. */
function write(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, value)
  } catch (problem) {
    if (!(problem instanceof DOMException)) throw problem
    console.warn('preference not stored', name, problem.name)
  }
}

const oneOf = <T extends string>(options: readonly T[], value: string | null): T | null =>
  options.find((option) => option === value) ?? null

export interface SavedLogin {
  company: string
  id: string
}

/** The company code and ID of the last login that succeeded with "save ID". Never a password. */
export const savedLogin = {
  get(): SavedLogin | null {
    const company = read('login.company')
    const id = read('login.id')
    return company === null || id === null ? null : { company: company.slice(0, 64), id: id.slice(0, 64) }
  },
  set(value: SavedLogin | null): void {
    write('login.company', value?.company ?? null)
    write('login.id', value?.id ?? null)
  },
}

export const savedLanguage = {
  get: (): Language | null => oneOf(LANGUAGES, read('language')),
  set: (value: Language | null): void => write('language', value),
}

export const savedTheme = {
  get: (): Theme | null => oneOf(['light', 'dark'] as const, read('theme')),
  set: (value: Theme): void => write('theme', value),
}

/** The capture method of this browser's next remote control (DRV or GDI). */
export const savedCapture = {
  get: (): Capture => oneOf(CAPTURES, read('capture')) ?? 'fast',
  set: (value: Capture): void => write('capture', value),
}

/** The picture quality and the colours of this browser's next remote control. */
export const savedQuality = {
  get: (): Quality => oneOf(QUALITIES, read('quality')) ?? 'auto',
  set: (value: Quality): void => write('quality', value),
}

export const savedColours = {
  get: (): Colours => oneOf(COLOURS, read('colours')) ?? 'full',
  set: (value: Colours): void => write('colours', value),
}

/** Whether a sound tells that a customer came. */
export const savedSound = {
  get: (): boolean => read('sound') !== 'off',
  set: (value: boolean): void => write('sound', value ? 'on' : 'off'),
}

export const FONT_SIZES: readonly number[] = [10, 11, 12, 13, 14, 16, 18, 20, 24]

/** Size of the letters in the terminal, in CSS pixels: one of FONT_SIZES. */
export const savedFontSize = {
  get: (): number => FONT_SIZES.find((size) => String(size) === read('terminal.font')) ?? 13,
  set: (value: number): void => write('terminal.font', String(value)),
}
