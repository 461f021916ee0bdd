/** Full screen of one element, with the keyboard lock where the browser has it (then Alt+Tab and Win reach the remote PC). */

import { onScopeDispose, ref, type Ref } from 'vue'

interface KeyboardLock {
  /** Chromium may ask the user; rejects with DOMException when refused. */
  lock?: () => Promise<void>
  unlock?: () => void
}

const keyboard = (): KeyboardLock => (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard ?? {}

/** Whether the browser can give the keys of the operator's own system to a page: Chromium can, Firefox and Safari cannot. */
export function canLockKeyboard(): boolean {
  return keyboard().lock !== undefined
}

export interface FullScreen {
  full: Ref<boolean>
  /** The system's own keys come to the page, and Esc leaves only when it is held. */
  locked: Ref<boolean>
  toggle: () => Promise<void>
}

export function useFullScreen(element: Ref<HTMLElement | null>): FullScreen {
  const full = ref(false)
  const locked = ref(false)

  const unlock = (): void => {
    locked.value = false
    keyboard().unlock?.()
  }

  const follow = (): void => {
    full.value = document.fullscreenElement !== null && document.fullscreenElement === element.value
    if (!full.value) unlock()
  }

  async function enter(): Promise<void> {
    await element.value?.requestFullscreen({ navigationUI: 'hide' })
    if (!canLockKeyboard()) return
    await keyboard().lock?.()
    // The operator may have left while the browser asked for permission.
    if (document.fullscreenElement === null) unlock()
    else locked.value = true
  }

  async function toggle(): Promise<void> {
    if (document.fullscreenElement !== null) {
      await document.exitFullscreen()
      return
    }
    try {
      await enter()
    } catch (problem) {
      // Refused by the browser, a policy or the operator: the page stays as it is, which the operator sees and the hint says.
      if (!(problem instanceof TypeError || problem instanceof DOMException)) throw problem
      console.warn('full screen', problem.message)
    }
  }

  document.addEventListener('fullscreenchange', follow)
  onScopeDispose(() => {
    document.removeEventListener('fullscreenchange', follow)
    unlock()
  })
  return { full, locked, toggle }
}
