/** Locks the customer's PC and logs its user off, as far as the PC says that it can. */

import { computed, shallowRef, type ComputedRef } from 'vue'
import { Channel, CONTROL } from '../../protocol/channels'
import { decode, encode, type Action } from '../../protocol/seat'
import type { ToolLink } from './tool-link'

export interface Seat {
  /** What can be done now. */
  actions: ComputedRef<readonly Action[]>
  /** Resolves with "" when it was done, else with the reason. */
  act: (action: Action) => Promise<string>
}

export function useSeat(link: ToolLink): Seat {
  const offered = shallowRef<readonly Action[]>([])
  const waiting = new Map<number, (code: string) => void>()
  let last = 0

  function settle(request: number, code: string): void {
    waiting.get(request)?.(code)
    waiting.delete(request)
  }

  function act(action: Action): Promise<string> {
    last += 1
    const request = last
    if (!link.send(Channel.SEAT, encode({ type: 'do', request, action }))) return Promise.resolve('CONNECTION_LOST')
    return new Promise((resolve) => waiting.set(request, resolve))
  }

  link.listen(Channel.SEAT, (body) => {
    const message = decode(body)
    if (message.type === 'offer') offered.value = message.actions
    else settle(message.request, message.code)
  })
  link.greeted(() => {
    for (const request of [...waiting.keys()]) settle(request, 'CONNECTION_LOST')
  })
  return { actions: computed(() => (link.rights.value.has(CONTROL) ? offered.value : [])), act }
}
