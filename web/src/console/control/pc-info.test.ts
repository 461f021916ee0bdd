/** Lists of the customer's PC: gathered, asked again, bounded, exported. RC-PROC RC-HW RC-SW RC-SYS */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../protocol/bytes'
import type { Program } from '../../protocol/info'
import { columnsOf, csv, found } from './info-table'
import { MAX_ROWS, usePcInfo, type PcInfo } from './pc-info'
import type { Received, ToolLink } from './tool-link'

interface Asked {
  request: number
  what?: string
  pid?: number
}

let scope: EffectScope
let sent: Asked[]
let online: boolean
let received: Received
let greet: () => void
let pc: PcInfo

const tell = (kind: number, body: object): void => {
  received(concat(Uint8Array.of(kind), utf8(JSON.stringify(body))))
}
const program = (name: string): Program => ({ name, version: '1', publisher: '' })
const page = (rows: Program[], last: boolean, request = sent.at(-1)?.request): void => {
  tell(0x13, { request, last, rows })
}
const result = (code: string, request = sent.at(-1)?.request): void => {
  tell(0x1f, { request, code })
}
const names = (): string[] => pc.listing('software').rows.map((row) => row.name)

beforeEach(() => {
  sent = []
  online = true
  const link: ToolLink = {
    rights: computed(() => new Set(ref(['information']).value)),
    listen: (_, handler) => ((received = handler), () => undefined),
    greeted: (handler) => ((greet = handler), () => undefined),
    send: (_, body) => {
      if (online) sent.push(JSON.parse(new TextDecoder().decode(body.subarray(1))) as Asked)
      return online
    },
    note: () => undefined,
  }
  scope = effectScope()
  pc = scope.run(() => usePcInfo(link))!
})
afterEach(() => {
  scope.stop()
})

describe('lists', () => {
  it('are shown when all their pages are there', () => {
    pc.ask('software')
    page([program('a')], false)
    expect([names(), pc.listing('software').loading]).toEqual([[], true])
    page([program('b')], true)
    expect([names(), pc.listing('software').loading]).toEqual([['a', 'b'], false])
  })

  it('stay while they are read again, and are not asked for twice', () => {
    pc.ask('software')
    page([program('a')], true)
    pc.ask('software')
    pc.ask('software')
    expect([sent.length, names()]).toEqual([2, ['a']])
    page([program('b')], true)
    expect(names()).toEqual(['b'])
  })

  it('of an endless answer are cut', () => {
    pc.ask('software')
    const many = Array.from({ length: 1000 }, () => program('x'))
    for (let i = 0; i < MAX_ROWS / 1000 + 3; i += 1) page(many, false)
    expect([names().length, pc.listing('software').loading]).toEqual([MAX_ROWS, false])
  })

  it('nobody asked for are not taken', () => {
    pc.ask('software')
    page([program('a')], true, 999)
    tell(0x12, { request: sent[0]?.request, last: true, rows: [] })
    expect([names(), pc.listing('software').loading]).toEqual([[], true])
  })

  it('that cannot be read say why', () => {
    pc.ask('services')
    result('SYSTEM_UNSUPPORTED')
    expect(pc.listing('services')).toMatchObject({ loading: false, problem: 'SYSTEM_UNSUPPORTED' })
  })

  it('that a lost link swallowed can be asked for again', () => {
    pc.ask('software')
    greet()
    expect(pc.listing('software')).toMatchObject({ loading: false, problem: 'CONNECTION_LOST' })
    pc.ask('software')
    page([program('a')], true)
    expect(pc.listing('software')).toMatchObject({ problem: '' })
  })

  it('are not waited for without a link', () => {
    online = false
    pc.ask('software')
    expect(pc.listing('software').loading).toBe(false)
  })
})

describe('ending a process', () => {
  const process = { pid: 7, started: 1.5, name: 'x', user: '', cpu: 0, memory: 0, command: '' }

  it('tells how it went', async () => {
    const done = pc.kill(process)
    expect(sent).toEqual([{ request: sent[0]?.request, pid: 7, started: 1.5 }])
    result('PROCESS_GONE')
    expect(await done).toBe('PROCESS_GONE')
  })

  it('ends with the link', async () => {
    const done = pc.kill(process)
    greet()
    expect(await done).toBe('CONNECTION_LOST')
    online = false
    expect(await pc.kill(process)).toBe('CONNECTION_LOST')
  })
})

describe('tables', () => {
  it('search for each word in any column', () => {
    const rows = [program('Adobe Reader'), program('reader'), program('Word')]
    expect(found(rows, ' READER  1').map((row) => row.name)).toEqual(['Adobe Reader', 'reader'])
    expect(found(rows, ' ')).toBe(rows)
  })

  it('are exported with quotes, and formulas as text', () => {
    expect(csv([['a"b', '=1+1', '-2'], ['@x', '+y', 'ok']])).toBe('"a""b","\'=1+1","\'-2"\r\n"\'@x","\'+y","ok"\r\n')
  })

  it('have columns that exist', () => {
    expect(columnsOf('software').map((cell) => cell.field)).toEqual(Object.keys(program('')))
  })
})
