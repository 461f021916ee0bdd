/** The server's time as a value that ticks once a second for countdowns, only while somebody shows it. */

import { onScopeDispose, ref, type Ref } from 'vue'
import { serverNow } from './clock'

const now = ref(serverNow())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** Milliseconds since the epoch, by the server's clock. */
export function useNow(): Readonly<Ref<number>> {
  if (users++ === 0) {
    now.value = serverNow()
    timer = setInterval(() => (now.value = serverNow()), 1000)
  }
  onScopeDispose(() => {
    if (--users === 0) clearInterval(timer)
  })
  return now
}
