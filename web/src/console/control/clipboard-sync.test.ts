/** When which clipboard is read and written. Text both ways, only while it is on. */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8, type Bytes } from '../../protocol/bytes'
import { useClipboardSync, type ClipboardNews, type ClipboardSync, type SystemClipboard } from './clipboard-sync'
import type { Received, ToolLink } from './tool-link'

const ON = '0101'
const OFF = '0100'
const hexText = (text: string): string => `02${toHex(utf8(text))}`

class Bench {
  readonly sent: string[] = []
  readonly news: ClipboardNews[] = []
  readonly rights = ref(new Set(['clipboard']))
  text = ''
  refuses: 'read' | 'write' | null = null
  focused = true
  private readonly page = new EventTarget()
  private received: Received = () => undefined
  private greet = (): void => undefined
  readonly sync: ClipboardSync

  constructor(scope: EffectScope) {
    const link: ToolLink = {
      rights: computed(() => this.rights.value),
      listen: (_channel, received) => ((this.received = received), () => undefined),
      greeted: (handler) => ((this.greet = handler), () => undefined),
      send: (_channel, body) => this.sent.push(toHex(body)) > 0,
      note: () => undefined,
    }
    const system: SystemClipboard = {
      readText: () => this.answer('read', this.text),
      writeText: (text) => this.answer('write', text).then((done) => void (this.text = done)),
    }
    const page = Object.assign(this.page, { document: { hasFocus: () => this.focused } }) as unknown as Window
    this.sync = scope.run(() => useClipboardSync(link, (news) => this.news.push(news), system, page)) as ClipboardSync
  }

  private answer(what: 'read' | 'write', text: string): Promise<string> {
    return this.refuses === what ? Promise.reject(new DOMException('no', 'NotAllowedError')) : Promise.resolve(text)
  }

  async hear(body: string | Bytes): Promise<void> {
    this.received(typeof body === 'string' ? fromHex(body) : body)
    await settled()
  }

  async focus(): Promise<void> {
    this.page.dispatchEvent(new Event('focus'))
    await settled()
  }

  async newLink(): Promise<void> {
    this.greet()
    await settled()
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

let scope: EffectScope
let bench: Bench
beforeEach(() => {
  scope = effectScope()
  bench = new Bench(scope)
})
afterEach(() => {
  scope.stop()
})

async function switchOn(): Promise<void> {
  bench.sync.toggle()
  await settled()
}

describe('clipboard', () => {
  it('is neither read nor written before it is switched on', async () => {
    bench.text = 'secret'
    await bench.focus()
    await bench.hear(hexText('theirs'))
    expect([bench.sent, bench.text]).toEqual([[], 'secret'])
  })

  it('is sent when it is switched on and when the window gets the focus, once each', async () => {
    bench.text = 'one\r\ntwo'
    await switchOn()
    await bench.focus()
    bench.text = 'three'
    await bench.focus()
    expect(bench.sent).toEqual([ON, hexText('one\ntwo'), hexText('three')])
  })

  it('takes what was copied remotely, and does not send it back', async () => {
    await switchOn()
    await bench.hear(hexText('안녕'))
    await bench.focus()
    expect([bench.text, bench.sent]).toEqual(['안녕', [ON]])
  })

  it('writes later what the browser refused, before it reads', async () => {
    await switchOn()
    bench.text = 'old'
    bench.refuses = 'write'
    await bench.hear(hexText('new'))
    bench.refuses = null
    await bench.focus()
    expect([bench.text, bench.sent]).toEqual(['new', [ON]])
  })

  it('is on again on a new link, and off after the switch', async () => {
    await switchOn()
    await bench.newLink()
    bench.sync.toggle()
    await bench.newLink()
    expect(bench.sent).toEqual([ON, ON, OFF])
  })

  it('says what cannot be shared, and only to somebody who is there', async () => {
    await switchOn()
    bench.text = 'x'.repeat(300_000)
    await bench.focus()
    await bench.hear('03')
    await bench.hear('02ff')
    bench.refuses = 'read'
    await bench.focus()
    bench.focused = false
    await bench.focus()
    expect(bench.news).toEqual(['too_long', 'too_long', 'bad', 'refused'])
  })

  it('stays closed without the right', async () => {
    bench.rights.value = new Set()
    bench.text = 'mine'
    await switchOn()
    expect(bench.sent).toEqual([ON])
  })
})
