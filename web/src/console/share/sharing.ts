/** The operator's own screen, shown to the customer: two pictures under way at most, none that is like the last one. RC-SHARE */

import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { sameBytes } from '../../protocol/bytes'
import { Channel, SHARE } from '../../protocol/channels'
import { decode, encode, MAX_FRAME, MAX_PART, MAX_UNSEEN, type Code } from '../../protocol/share'
import type { ToolLink } from '../control/tool-link'
import { grab as grabScreen, type Grabber } from './grabber'

export const FRAME_MS = 125

/** Why it is not shown: a code of the agent; the operator's browser said no; it cannot; the link was lost. */
export type Problem = Code | 'DENIED' | 'UNSUPPORTED' | 'CONNECTION_LOST'

export interface Sharing {
  state: Ref<'off' | 'asking' | 'on'>
  problem: Ref<Problem | null>
  /** The customer has seen a picture. */
  seen: Ref<boolean>
  stream: ShallowRef<MediaStream | null>
  allowed: ComputedRef<boolean>
  start: () => Promise<void>
  stop: () => void
}

export interface Page {
  readonly grab: () => Promise<Grabber>
  readonly every: (callback: () => void, ms: number) => () => void
}

const page: Page = {
  grab: grabScreen,
  every: (callback, ms) => {
    const timer = setInterval(callback, ms)
    return () => {
      clearInterval(timer)
    }
  },
}

export function useSharing(link: ToolLink, { grab, every }: Page = page): Sharing {
  const state = ref<'off' | 'asking' | 'on'>('off')
  const problem = ref<Problem | null>(null)
  const seen = ref(false)
  const stream = shallowRef<MediaStream | null>(null)
  const allowed = computed(() => link.rights.value.has(SHARE))
  let grabber: Grabber | null = null
  let stopTimer: (() => void) | null = null
  let number = 0
  let unseen = 0
  let busy = false
  let last: Uint8Array = new Uint8Array()

  const send = (message: Parameters<typeof encode>[0]): boolean => allowed.value && link.send(Channel.SHARE, encode(message))

  async function start(): Promise<void> {
    if (state.value !== 'off') return
    state.value = 'asking'
    problem.value = null
    try {
      begin(await grab())
    } catch (caught) {
      state.value = 'off'
      problem.value = caught instanceof DOMException && caught.name === 'NotAllowedError' ? 'DENIED' : 'UNSUPPORTED'
      console.warn('the screen is not shown', caught)
    }
  }

  function begin(made: Grabber): void {
    grabber = made
    if (!send({ type: 'begin' })) {
      over('CONNECTION_LOST')
      return
    }
    made.ended(stop)
    state.value = 'on'
    stream.value = made.stream
    seen.value = false
    unseen = 0
    last = new Uint8Array()
    stopTimer = every(() => void tick(), FRAME_MS)
  }

  async function tick(): Promise<void> {
    const from = grabber
    if (from === null || busy || unseen >= MAX_UNSEEN) return
    busy = true
    try {
      const picture = await from.picture()
      if (picture !== null && grabber === from && picture.length <= MAX_FRAME && !sameBytes(picture, last)) show(picture)
    } finally {
      busy = false
    }
  }

  function show(picture: Uint8Array): void {
    last = picture
    number += 1
    unseen += 1
    for (let from = 0; from < picture.length; from += MAX_PART) {
      const to = from + MAX_PART
      send({ type: 'frame', number, last: to >= picture.length, part: picture.subarray(from, to) })
    }
  }

  function over(why: Problem | null): void {
    stopTimer?.()
    stopTimer = null
    grabber?.end()
    grabber = null
    stream.value = null
    state.value = 'off'
    problem.value = why
  }

  function stop(): void {
    if (state.value !== 'on') return
    send({ type: 'stop' })
    over(null)
  }

  link.listen(Channel.SHARE, (body) => {
    const message = decode(body)
    if (state.value !== 'on') return
    if (message.type === 'closed') {
      over(message.code)
      return
    }
    unseen = Math.max(0, unseen - 1)
    seen.value = true
  })
  // A new link knows nothing of it, and a screen must not be shown again by itself.
  watch(allowed, (now) => {
    if (!now && state.value === 'on') over('CONNECTION_LOST')
  })
  onScopeDispose(() => {
    over(null)
  })

  return { state, problem, seen, stream, allowed, start, stop }
}
