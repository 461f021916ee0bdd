/** A request with its "busy" flag and its error, for buttons and forms. */

import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from './http'

export interface Task {
  busy: Ref<boolean>
  error: ShallowRef<ApiError | null>
  /** Runs `work` unless one is running. True when it succeeded; an ApiError lands in `error`, anything else is a bug and is thrown. */
  run: (work: () => Promise<void>) => Promise<boolean>
  /**
   * For what is shown: as `run`, but asked for while one is running it follows that, so that a filter changed in the middle counts.
   * Of several that wait only the last is done. Never awaited inside the work of the same task: it would wait for itself.
   */
  renew: (work: () => Promise<void>) => Promise<boolean>
}

export function useTask(): Task {
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)
  let running: Promise<unknown> = Promise.resolve()
  let last: () => Promise<void>
  let waiting: Promise<boolean> | null = null

  async function done(work: () => Promise<void>): Promise<boolean> {
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

  function run(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return Promise.resolve(false)
    const result = done(work)
    running = result.catch(() => undefined) // what it throws is its caller's
    return result
  }

  function renew(work: () => Promise<void>): Promise<boolean> {
    if (!busy.value) return run(work)
    last = work
    waiting ??= running.then(() => {
      waiting = null
      return renew(last)
    })
    return waiting
  }
  return { busy, error, run, renew }
}
