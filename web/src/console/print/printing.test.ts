/** Printing at the console's end: bytes go as the agent has room, each document is followed to its end. RC-PRINT */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Channel } from '../../protocol/channels'
import { concat, utf8, viewOf, type Bytes } from '../../protocol/bytes'
import { MAX_DATA, MAX_SIZE } from '../../protocol/printing'
import type { Received, ToolLink } from '../control/tool-link'
import { kindOf, refusal, titleOf, usePrinting, type Printing } from './printing'

let scope: EffectScope
let sent: Bytes[]
let received: Received
let greet: () => void
let printing: Printing
const rights = ref(new Set<string>())
const ORDER = { printer: 'Office', copies: 2, pages: '1-3' }

const tell = (kind: number, body: object): void => {
  received(concat(Uint8Array.of(kind), utf8(JSON.stringify(body))))
}
const types = (): number[] => sent.map((body) => body[0] ?? -1)
const data = (): Bytes[] => sent.filter((body) => body[0] === 3)
const named = (name: string, content: BlobPart = 'x', type = ''): File => new File([content], name, { type })

beforeEach(() => {
  sent = []
  rights.value = new Set(['print'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (channel, handler) => {
      expect(channel).toBe(Channel.PRINTING)
      received = handler
      return () => undefined
    },
    greeted: (handler) => ((greet = handler), () => undefined),
    send: (_, body) => sent.push(body) > 0,
    note: () => undefined,
  }
  scope = effectScope()
  printing = scope.run(() => usePrinting(link))!
})
afterEach(() => {
  scope.stop()
})

describe('a document', () => {
  it('goes in pieces, no further than the agent has room', async () => {
    const size = 3 * MAX_DATA
    expect(printing.print(named('a.pdf', new Uint8Array(size)), 'pdf', ORDER)).toBe(true)
    expect(types()).toEqual([2])
    tell(0x12, { request: 1, bytes: MAX_DATA + 5 })
    await vi.waitFor(() => {
      expect(data().map((body) => body.length - 5)).toEqual([MAX_DATA, 5])
    })
    expect(viewOf(data()[0] ?? new Uint8Array(5)).getUint32(1)).toBe(1)
    expect(printing.jobs[0]).toMatchObject({ state: 'sending', sent: MAX_DATA + 5, size })
    tell(0x12, { request: 1, bytes: size * 9 })
    await vi.waitFor(() => {
      expect(printing.jobs[0]?.sent).toBe(size)
    })
  })

  it('is followed to its end, and what is told later changes nothing', () => {
    printing.print(named('a.pdf'), 'pdf', ORDER)
    tell(0x13, { request: 1, state: 'printing', sheets: 1, code: '' })
    tell(0x13, { request: 1, state: 'done', sheets: 2, code: '' })
    tell(0x13, { request: 1, state: 'failed', sheets: 0, code: 'X' })
    expect(printing.jobs[0]).toMatchObject({ state: 'done', sheets: 2, code: '' })
  })

  it('that is cancelled sends no more', async () => {
    printing.print(named('a.pdf', new Uint8Array(MAX_DATA * 2)), 'pdf', ORDER)
    const [job] = printing.jobs
    printing.cancel(job!)
    tell(0x12, { request: 1, bytes: MAX_DATA })
    tell(0x13, { request: 1, state: 'cancelled', sheets: 0, code: '' })
    await Promise.resolve()
    expect(types()).toEqual([2, 4])
    expect(printing.jobs[0]?.state).toBe('cancelled')
  })

  it('whose file is gone is called off', async () => {
    const file = named('a.pdf', 'abc')
    vi.spyOn(file, 'slice').mockReturnValue({ arrayBuffer: () => Promise.reject(new Error('gone')) } as unknown as Blob)
    printing.print(file, 'pdf', ORDER)
    tell(0x12, { request: 1, bytes: 3 })
    await vi.waitFor(() => {
      expect(printing.jobs[0]).toMatchObject({ state: 'failed', code: 'UNREADABLE' })
    })
    expect(types()).toEqual([2, 4])
  })

  it('of a lost link has an unknown end', () => {
    printing.print(named('a.pdf'), 'pdf', ORDER)
    greet()
    expect(printing.jobs[0]).toMatchObject({ state: 'failed', code: 'CONNECTION_LOST' })
  })
})

describe('printers', () => {
  it('are asked for, and their labels cleaned', () => {
    printing.list()
    expect(printing.listing.value).toBe(true)
    tell(0x11, { request: 1, printers: [{ name: 'a', label: 'A\u202e', standard: true, ready: true }], code: '' })
    expect(printing.listing.value).toBe(false)
    expect(printing.printers.value[0]?.label).not.toContain('\u202e')
    tell(0x11, { request: 1, printers: [], code: '' })
    expect(printing.problem.value).toBe('NO_PRINTERS')
  })

  it('are not asked for without the right', () => {
    rights.value = new Set()
    printing.list()
    expect([printing.print(named('a.pdf'), 'pdf', ORDER), sent.length]).toEqual([false, 0])
  })
})

it('only what can be printed is taken', () => {
  expect([named('A.PDF'), named('b.jpeg'), named('c.txt'), named('d.exe'), named('e', 'x', 'application/pdf')].map(kindOf)).toEqual([
    'pdf', 'image', 'text', null, 'pdf',
  ])
  expect(refusal(named('d.exe'))).toBe('kind')
  expect(refusal(named('a.pdf', ''))).toBe('empty')
  const large = named('a.pdf')
  Object.defineProperty(large, 'size', { value: MAX_SIZE + 1 })
  expect(refusal(large)).toBe('large')
  expect(titleOf(named('a\u202eb.pdf'))).toBe('ab.pdf')
})
