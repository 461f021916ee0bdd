/** Addresses and commands at the console's end. RC-URL RC-EXEC */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../protocol/bytes'
import { addressOf } from '../../protocol/execute'
import { useRemoteRun, type RemoteRun } from './remote-run'
import type { Received, ToolLink } from './tool-link'

let scope: EffectScope
let sent: object[]
let received: Received
let greet: () => void
let runner: RemoteRun
const rights = ref(new Set<string>())

const tell = (kind: number, body: object): void => {
  received(concat(Uint8Array.of(kind), utf8(JSON.stringify(body))))
}

beforeEach(() => {
  sent = []
  rights.value = new Set(['url', 'command'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (_, handler) => ((received = handler), () => undefined),
    greeted: (handler) => ((greet = handler), () => undefined),
    send: (_, body) => sent.push(JSON.parse(new TextDecoder().decode(body.subarray(1))) as object) > 0,
    note: () => undefined,
  }
  scope = effectScope()
  runner = scope.run(() => useRemoteRun(link))!
})
afterEach(() => {
  scope.stop()
})

describe('commands', () => {
  it('show their output as it comes, and their end', () => {
    expect(runner.run('sh', 'ls -l')).toBe(true)
    expect(sent).toEqual([{ request: 1, shell: 'sh', command: 'ls -l' }])
    tell(0x11, { request: 1, error: false, text: 'a  b\n\u001b[31mred\u001b[0m' })
    tell(0x11, { request: 1, error: true, text: 'oh\u202e' })
    expect(runner.jobs[0]?.pieces).toEqual([
      { error: false, text: 'a  b\nred' },
      { error: true, text: 'oh' },
    ])
    tell(0x12, { request: 1, exit: 2, code: '' })
    expect(runner.jobs[0]).toMatchObject({ state: 'done', exit: 2, code: '' })
    tell(0x11, { request: 1, error: false, text: 'late' })
    expect(runner.jobs[0]?.pieces).toHaveLength(2)
  })

  it('of an endless output keep what can be shown', () => {
    runner.run('none', 'yes')
    for (let i = 0; i < 60; i += 1) tell(0x11, { request: 1, error: false, text: 'y'.repeat(8000) })
    const length = runner.jobs[0]?.pieces.reduce((sum, piece) => sum + piece.text.length, 0) ?? 0
    expect(length).toBeLessThanOrEqual(200_000)
  })

  it('are over when their link is', () => {
    runner.run('none', 'sleep 9')
    greet()
    expect(runner.jobs[0]).toMatchObject({ state: 'done', code: 'CONNECTION_LOST' })
  })

  it('are not sent without the right, and not if they are none', () => {
    expect([runner.run('none', ' '), runner.run('none', 'a\nb')]).toEqual([false, false])
    rights.value = new Set()
    expect([runner.run('none', 'ls'), runner.open('https://example.com/')]).toEqual([false, false])
    expect(sent).toEqual([])
  })
})

describe('addresses', () => {
  it.each([
    ['example.com/a', 'https://example.com/a'],
    [' http://example.com ', 'http://example.com/'],
    ['한글.kr', 'https://xn--bj0bj06e.kr/'],
    ['javascript:alert(1)', null],
    ['file:///etc/passwd', null],
    ['https://user:pw@example.com', null],
    ['a b', null],
    ['', null],
  ])('%s becomes %s', (typed, address) => {
    expect(addressOf(typed)).toBe(address)
  })
})
