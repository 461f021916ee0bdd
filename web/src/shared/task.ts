/** A request with its "busy" flag and its error, for buttons and forms. */

import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from './http'

export interface Task {
  busy: Ref<boolean>
  error: ShallowRef<ApiError | null>
  /** Runs `work` unless one is running. True when it succeeded; an ApiError lands in `error`, anything else is a bug and is thrown. */
  run: (work: () => Promise<void>) => Promise<boolean>
}

export function useTask(): Task {
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)
  async function run(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    error.value = null
    try {
      await work()
      return true
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      error.value = problem
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, error, run }
}
