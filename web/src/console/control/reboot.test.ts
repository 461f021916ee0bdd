/** Restarts at the console's end. RC-REBOOT RB-WRONGPW RB-NOAUTO */

import { computed, effectScope, ref } from 'vue'
import { beforeEach, describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../protocol/bytes'
import type { Reboot } from '../../shared/types'
import { isBack, ladderOf, useReboot, type RebootTool } from './reboot'
import type { Received, ToolLink } from './tool-link'

let sent: { kind: number; fields: object }[]
let received: Received
let greet: () => void
let tool: RebootTool
const rights = ref(new Set<string>())
const tell = (kind: number, body: object): void => {
  received(concat(Uint8Array.of(kind), utf8(JSON.stringify(body))))
}

beforeEach(() => {
  sent = []
  rights.value = new Set(['reboot'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (_, handler) => ((received = handler), () => undefined),
    greeted: (handler) => ((greet = handler), () => undefined),
    send: (_, body) =>
      sent.push({ kind: body[0]!, fields: JSON.parse(new TextDecoder().decode(body.subarray(1))) as object }) > 0,
    note: () => undefined,
  }
  tool = effectScope().run(() => useReboot(link))!
})

describe('a restart', () => {
  it('is asked for without an account, and follows the answers', () => {
    greet()
    expect(sent).toEqual([{ kind: 1, fields: {} }])
    tell(0x11, { restart: true, safe_mode: false, auto_logon: true, account: 'hong' })
    expect(tool.able.value?.account).toBe('hong')
    expect(tool.restart({ safeMode: false, account: '', password: '' })).toBe(true)
    expect(sent.at(-1)).toEqual({ kind: 2, fields: { request: 1, safe_mode: false, account: '', password: '' } })
    tell(0x12, { request: 1, state: 'asking', code: '' })
    expect(tool.state.value).toBe('asking')
    tell(0x12, { request: 7, state: 'refused', code: 'BUSY' })
    expect(tool.state.value).toBe('asking')
  })

  it('is not wished twice by a wrong password, and the reason stays over a new link', () => {
    tool.restart({ safeMode: false, account: 'hong', password: 'wrong' })
    tell(0x12, { request: 1, state: 'refused', code: 'WRONG_PASSWORD' })
    greet()
    expect([tool.state.value, tool.code.value]).toEqual(['refused', 'WRONG_PASSWORD'])
  })

  it('is not sent without the right', () => {
    rights.value = new Set()
    expect(tool.restart({ safeMode: false, account: '', password: '' })).toBe(false)
    expect(sent).toEqual([])
  })
})

describe('the ladder', () => {
  const reboot = (...steps: [Reboot['steps'][number]['step'], number][]): Reboot => ({
    until: '2026-01-01T00:15:00Z',
    safe_mode: false,
    steps: steps.map(([step, s]) => ({ step, at: new Date(Date.UTC(2026, 0, 1) + 1000 * s).toISOString() })),
  })

  it('shows what is to come, and times since the beginning', () => {
    const found = ladderOf(reboot(['going_down', 5], ['no_signal', 17]))
    expect(found.map(({ after }) => after)).toEqual([0, 12, null, null, null])
    expect(isBack(reboot(['going_down', 5]))).toBe(false)
  })

  it('has no logon screen where there was none', () => {
    const done = reboot(['going_down', 0], ['no_signal', 2], ['network_up', 60], ['desktop', 61])
    expect(ladderOf(done).map(({ step }) => step)).toEqual(['going_down', 'no_signal', 'network_up', 'desktop'])
    expect(isBack(done)).toBe(true)
  })
})
