/** What a tool of the control window (clipboard, chat, files …) uses of the remote control: its channel and its rights. */

import { computed, onScopeDispose, shallowRef, type ComputedRef } from 'vue'
import type { Bytes } from '../../protocol/bytes'
import type { Channel } from '../../protocol/channels'
import type { Doing } from '../../protocol/control'
import { RemoteProtocolError } from '../../protocol/errors'
import type { RemoteSession } from '../../remote/session'

export type Received = (body: Bytes) => void

/** It outlives links and whole remote controls: listeners stay, and are told when there is a new link. */
export interface ToolLink {
  /** Rights of the present link; none while there is no link. */
  readonly rights: ComputedRef<ReadonlySet<string>>
  /** Messages of one channel, in their order. -> the function that ends listening; the scope's end does it, too. */
  listen: (channel: Channel, received: Received) => () => void
  /** Each time when a link has opened or its rights have changed: what the agent must know is told again here. */
  greeted: (handler: () => void) => () => void
  /** False: there is no link, nothing was sent. */
  send: (channel: Channel, body: Bytes) => boolean
  note: (doing: Doing) => void
}

export interface ToolLinkOwner extends ToolLink {
  /** A new remote control; null: it is closed. */
  follow: (session: RemoteSession | null) => void
}

/** What an agent sends may be anything: a message that is none costs a line in the log and nothing more. */
function guarded(received: Received, body: Bytes): void {
  try {
    received(body)
  } catch (problem) {
    if (!(problem instanceof RemoteProtocolError)) throw problem
    console.warn('refused', problem.message)
  }
}

export function useToolLink(): ToolLinkOwner {
  const permissions = shallowRef<readonly string[]>([])
  const listeners = new Map<Channel, Set<Received>>()
  const greeters = new Set<() => void>()
  let session: RemoteSession | null = null

  function disposed(end: () => void): () => void {
    onScopeDispose(end, true)
    return end
  }

  function follow(next: RemoteSession | null): void {
    session = next
    permissions.value = []
    if (next === null) return
    next.on('trust', (event) => {
      permissions.value = event.sasPolicy === 'required' && event.trust === 'unverified' ? [] : event.permissions
      for (const greet of greeters) greet()
    })
    next.on('state', ({ state }) => {
      if (state !== 'open') permissions.value = []
    })
    next.on('message', ({ channel, body }) => {
      for (const received of listeners.get(channel) ?? []) guarded(received, body)
    })
  }

  return {
    rights: computed(() => new Set(permissions.value)),
    listen: (channel, received) => {
      const all = listeners.get(channel) ?? new Set()
      listeners.set(channel, all.add(received))
      return disposed(() => all.delete(received))
    },
    greeted: (handler) => {
      greeters.add(handler)
      return disposed(() => greeters.delete(handler))
    },
    send: (channel, body) => session?.sendTo(channel, body) ?? false,
    note: (doing) => session?.note(doing),
    follow,
  }
}
