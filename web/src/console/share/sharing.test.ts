/** The operator's screen at the console's end. RC-SHARE */

import { computed, effectScope, nextTick, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../protocol/channels'
import { concat, utf8, viewOf, type Bytes } from '../../protocol/bytes'
import { MAX_FRAME, MAX_PART } from '../../protocol/share'
import type { Received, ToolLink } from '../control/tool-link'
import { useSharing, type Sharing } from './sharing'

let scope: EffectScope
let sent: Bytes[]
let received: Received
let sharing: Sharing
let pictures: (Uint8Array | null)[]
let tick: () => void
let ended: () => void
let running: boolean
let denied: boolean
const rights = ref(new Set<string>())

const shown = (number: number): void => {
  const body = new Uint8Array(5)
  body[0] = 0x11
  viewOf(body).setUint32(1, number)
  received(body)
}
const frames = (): Bytes[] => sent.filter((body) => body[0] === 2)
const step = async (): Promise<void> => {
  tick()
  await new Promise((resolve) => setTimeout(resolve))
}

beforeEach(() => {
  sent = []
  pictures = []
  running = denied = false
  rights.value = new Set(['share'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (channel, handler) => {
      expect(channel).toBe(Channel.SHARE)
      received = handler
      return () => undefined
    },
    greeted: () => () => undefined,
    send: (_, body) => sent.push(body) > 0,
    note: () => undefined,
  }
  const grabber = {
    stream: {} as MediaStream,
    picture: () => Promise.resolve(pictures.shift() ?? null),
    ended: (handler: () => void) => (ended = handler),
    end: () => (running = false),
  }
  const grab = (): Promise<typeof grabber> => {
    if (denied) return Promise.reject(new DOMException('no', 'NotAllowedError'))
    running = true
    return Promise.resolve(grabber)
  }
  scope = effectScope()
  sharing = scope.run(() => useSharing(link, { grab, every: (callback) => ((tick = callback), () => (tick = () => undefined)) }))!
})
afterEach(() => {
  scope.stop()
})

describe('pictures', () => {
  it('go in parts, two at most before the customer has seen one', async () => {
    await sharing.start()
    pictures = [new Uint8Array(MAX_PART + 1).fill(1), Uint8Array.of(2), Uint8Array.of(3)]
    await step()
    await step()
    await step()
    expect(frames().map((body) => [body[4], body[5], body.length - 6])).toEqual([[1, 0, MAX_PART], [1, 1, 1], [2, 1, 1]])
    shown(1)
    expect(sharing.seen.value).toBe(true)
    await step()
    expect(frames()).toHaveLength(4)
  })

  it('like the last one, none at all, or too large ones are not sent', async () => {
    await sharing.start()
    pictures = [Uint8Array.of(1, 2), Uint8Array.of(1, 2), null, new Uint8Array(MAX_FRAME + 1)]
    for (let i = 0; i < 4; i += 1) await step()
    expect(frames()).toHaveLength(1)
  })
})

describe('it ends', () => {
  it('when the operator stops it, here or in the browser', async () => {
    await sharing.start()
    sharing.stop()
    expect([sent.map((body) => body[0]), sharing.state.value, running]).toEqual([[1, 3], 'off', false])
    await sharing.start()
    ended()
    expect(sharing.state.value).toBe('off')
  })

  it('when the customer closes the window', async () => {
    await sharing.start()
    received(concat(Uint8Array.of(0x12), utf8('CUSTOMER')))
    expect([sharing.state.value, sharing.problem.value, running]).toEqual(['off', 'CUSTOMER', false])
    expect(sent.map((body) => body[0])).toEqual([1])
  })

  it('with the link, and does not begin again by itself', async () => {
    await sharing.start()
    rights.value = new Set()
    await nextTick()
    rights.value = new Set(['share'])
    await nextTick()
    expect([sharing.state.value, sharing.problem.value, running]).toEqual(['off', 'CONNECTION_LOST', false])
  })

  it('before it begins, if the operator says no', async () => {
    denied = true
    await sharing.start()
    expect([sharing.state.value, sharing.problem.value, sent.length]).toEqual(['off', 'DENIED', 0])
  })
})
