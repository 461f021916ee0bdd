/** The conversation at the console's end. RC-CHAT */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, toHex, utf8, viewOf } from '../../protocol/bytes'
import { useChatRoom, type ChatRoom } from './chat-room'
import type { Received, ToolLink } from './tool-link'

let scope: EffectScope
let sent: string[]
let open: boolean
let heard: string[]
let received: Received
let room: ChatRoom
const rights = ref(new Set(['chat']))

function said(number: number, customer: boolean, text: string): void {
  const head = new Uint8Array(14)
  head.set([2, 0, 0, 0, number, Number(customer)])
  viewOf(head).setBigUint64(6, 1000n)
  received(concat(head, utf8(text)))
}

beforeEach(() => {
  sent = []
  heard = []
  open = false
  rights.value = new Set(['chat'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (_, handler) => ((received = handler), () => undefined),
    greeted: () => () => undefined,
    send: (_, body) => sent.push(toHex(body)) > 0,
    note: () => undefined,
  }
  scope = effectScope()
  room = scope.run(() => useChatRoom(link, () => open, (line) => heard.push(line.text)))!
})
afterEach(() => {
  scope.stop()
})

describe('chat', () => {
  it('shows each line once, also when a new link begins with all of them', () => {
    said(1, false, 'a')
    said(2, true, 'b')
    said(1, false, 'a')
    said(2, true, 'b')
    said(3, true, 'c')
    expect(room.lines.value.map((line) => line.text)).toEqual(['a', 'b', 'c'])
  })

  it('counts what the customer wrote while nobody looked', () => {
    said(1, false, 'mine')
    said(2, true, 'theirs')
    expect([room.unread.value, heard]).toEqual([1, ['theirs']])
    room.read()
    open = true
    said(3, true, 'seen')
    expect([room.unread.value, heard]).toEqual([0, ['theirs']])
  })

  it('takes hostile text as text without what hides or turns it', () => {
    said(1, true, '<img src=x onerror=alert(1)>\u202eabc')
    expect(room.lines.value[0]?.text).toContain('<img src=x')
    expect(room.lines.value[0]?.text).not.toContain('\u202e')
  })

  it('sends what fits, and nothing without the right', () => {
    expect(room.say('  ')).toBe(false)
    expect(room.say('hi')).toBe(true)
    rights.value = new Set()
    expect(room.say('hi')).toBe(false)
    expect(sent).toEqual(['016869'])
  })
})
