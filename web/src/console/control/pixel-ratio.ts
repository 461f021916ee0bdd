/** devicePixelRatio as a value that follows: it changes with the browser's zoom and when the window goes to another screen. */

import { onScopeDispose, ref, type Ref } from 'vue'

export function usePixelRatio(): Readonly<Ref<number>> {
  const ratio = ref(window.devicePixelRatio)
  let query: MediaQueryList | null = null

  // A query for "another ratio than this" does not exist: each change needs a query for the new one.
  function follow(): void {
    query?.removeEventListener('change', follow)
    ratio.value = window.devicePixelRatio
    query = window.matchMedia(`(resolution: ${String(window.devicePixelRatio)}dppx)`)
    query.addEventListener('change', follow)
  }

  follow()
  onScopeDispose(() => query?.removeEventListener('change', follow))
  return ratio
}
