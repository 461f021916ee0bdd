/** Full screen of one element, with the keyboard lock where the browser has it (then Alt+Tab and Win reach the remote PC). */

import { onScopeDispose, ref, type Ref } from 'vue'

interface KeyboardLock {
  lock?: () => Promise<void>
  unlock?: () => void
}

const keyboard = (): KeyboardLock => (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard ?? {}

export function useFullScreen(element: Ref<HTMLElement | null>): { full: Ref<boolean>; toggle: () => Promise<void> } {
  const full = ref(false)

  const follow = (): void => {
    full.value = document.fullscreenElement !== null && document.fullscreenElement === element.value
    if (!full.value) keyboard().unlock?.()
  }

  async function toggle(): Promise<void> {
    if (document.fullscreenElement !== null) {
      await document.exitFullscreen()
      return
    }
    try {
      await element.value?.requestFullscreen({ navigationUI: 'hide' })
      await keyboard().lock?.()
    } catch (problem) {
      // Refused by the browser or by policy: the page stays as it is, which the operator sees.
      if (!(problem instanceof TypeError || problem instanceof DOMException)) throw problem
      console.warn('full screen', problem.message)
    }
  }

  document.addEventListener('fullscreenchange', follow)
  onScopeDispose(() => document.removeEventListener('fullscreenchange', follow))
  return { full, toggle }
}
