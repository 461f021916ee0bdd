/** The terminal of the customer's PC as the console keeps it. */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, toHex, utf8, viewOf } from '../../protocol/bytes'
import { pieces, useRemoteTerminal, type RemoteTerminal } from './remote-terminal'
import type { Received, ToolLink } from './tool-link'

let scope: EffectScope
let sent: string[]
let online: boolean
let received: Received
let greet: () => void
let shell: RemoteTerminal
let shown: string[]
let done: (() => void)[]

const rights = ref(new Set(['terminal']))
const show = (text: string, taken: () => void): void => {
  shown.push(text)
  done.push(taken)
}

function tell(kind: number, terminal: number, body: string): void {
  const head = new Uint8Array(5)
  head[0] = kind
  viewOf(head).setUint32(1, terminal)
  received(concat(head, utf8(body)))
}

beforeEach(() => {
  sent = []
  shown = []
  done = []
  online = true
  rights.value = new Set(['terminal'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (_, handler) => {
      received = handler
      return () => undefined
    },
    greeted: (handler) => {
      greet = handler
      return () => undefined
    },
    send: (_, body) => {
      if (online) sent.push(toHex(body))
      return online
    },
    note: () => undefined,
  }
  scope = effectScope()
  scope.run(() => (shell = useRemoteTerminal(link)))
})
afterEach(() => void scope.stop())

describe('a terminal', () => {
  it('opens with its size, and types', () => {
    expect(shell.open(80, 24, show)).toBe(true)
    shell.type('ls\r')
    shell.resize(100.7, 5000)
    expect(sent).toEqual(['010000000100500018', '02000000016c730d', '0300000001006403e8'])
  })

  it('grants output when it was shown, not before', () => {
    shell.open(80, 24, show)
    tell(0x11, 1, '가나')
    expect(shown).toEqual(['가나'])
    expect(sent).toHaveLength(1)
    done[0]?.()
    expect(sent[1]).toBe('040000000100000006')
  })

  it('ends once, with its reason, and can be opened again', () => {
    shell.open(80, 24, show)
    expect(shell.open(80, 24, show)).toBe(false)
    tell(0x12, 1, '{"exit":3,"code":""}')
    expect([shell.running.value, shell.end.value]).toEqual([false, { exit: 3, code: '' }])
    done[0]?.()
    shell.type('late')
    expect(sent).toHaveLength(1)
    expect(shell.open(80, 24, show)).toBe(true)
    expect(shell.end.value).toBeNull()
    tell(0x11, 1, 'of the first')
    tell(0x12, 1, '{"exit":0,"code":""}')
    expect([shown, shell.running.value]).toEqual([[], true])
  })

  it('ends with its link', () => {
    shell.open(80, 24, show)
    greet()
    expect(shell.end.value?.code).toBe('CONNECTION_LOST')
    greet()
    expect(shell.running.value).toBe(false)
  })

  it('does not open without the right or the link', () => {
    rights.value = new Set()
    expect(shell.open(80, 24, show)).toBe(false)
    rights.value = new Set(['terminal'])
    online = false
    expect(shell.open(80, 24, show)).toBe(false)
    expect(shell.running.value).toBe(false)
  })
})

it('cuts text between characters', () => {
  expect(pieces('a😀b😀', 2)).toEqual(['a😀', 'b😀'])
  expect(pieces('', 2)).toEqual([])
})
