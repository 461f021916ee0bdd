/** Transfers against an agent in memory: cuts, pauses, conflicts, order, hostile answers. RC-FT FT-PANES */

import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../protocol/bytes'
import { decode, encode, type AgentMessage, type Conflict, type ConsoleMessage } from '../../protocol/files'
import { DiskError, type Disk, type Sink, type Source } from './disk'
import { Sha256 } from './sha256'
import { secondsLeft, type Item, type LocalFile, type Target } from './transfer-item'
import { MAX_RUNNING, Transfers, type RemoteFile } from './transfers'

const DATA = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 9)) & 0xff)

function sumOf(data: Uint8Array): string {
  const sum = new Sha256()
  sum.update(data)
  return sum.digest()
}

/** Promises that are ready are done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 40; i += 1) await Promise.resolve()
  await new Promise((resolve) => setTimeout(resolve, 0))
}

class MemorySource implements Source {
  private at = 0
  private readonly sum = new Sha256()
  constructor(private readonly data: Uint8Array) {}
  read(length: number): Promise<Bytes> {
    const data = this.data.slice(this.at, this.at + length)
    if (data.length !== length) return Promise.reject(new DiskError('CHANGED'))
    this.at += length
    this.sum.update(data)
    return Promise.resolve(data as Bytes)
  }
  async skip(offset: number): Promise<void> {
    await this.read(offset - this.at)
  }
  finish(): Promise<string> {
    return Promise.resolve(this.sum.digest())
  }
  close(): void {
    this.at = Infinity
  }
}

class MemoryDisk implements Disk {
  readonly parts = new Map<string, Uint8Array>()
  full = false

  openSource(file: File): Promise<Source> {
    return Promise.resolve(new MemorySource((file as unknown as { data: Uint8Array }).data))
  }

  openSink(key: string): Promise<Sink> {
    const { parts } = this
    const isFull = (): boolean => this.full
    const there = (): Uint8Array => parts.get(key) ?? new Uint8Array()
    parts.set(key, there())
    return Promise.resolve({
      offset: there().length,
      restart: () => Promise.resolve(void parts.set(key, new Uint8Array())),
      write: (data: Bytes) => {
        if (isFull()) return Promise.reject(new DiskError('DISK_FULL'))
        const whole = new Uint8Array(there().length + data.length)
        whole.set(there())
        whole.set(data, there().length)
        parts.set(key, whole)
        return Promise.resolve()
      },
      finish: () => Promise.resolve(sumOf(there())),
      file: () => Promise.resolve({ data: there() } as unknown as File),
      close: () => Promise.resolve(),
      discard: () => Promise.resolve(void parts.delete(key)),
    })
  }
}

class MemoryTarget implements Target {
  readonly name = 'folder'
  readonly readsForMs = 0
  readonly saved = new Map<string, Uint8Array>()
  readonly taken = new Set<string>()
  exists(names: readonly string[]): Promise<boolean> {
    return Promise.resolve(this.taken.has(names.join('/')))
  }
  save(names: readonly string[], file: File, conflict: Conflict): Promise<string> {
    this.saved.set(`${names.join('/')}${conflict === 'keep_both' ? ' (2)' : ''}`, (file as unknown as { data: Uint8Array }).data)
    return Promise.resolve(names.join('/'))
  }
}

class Bench {
  readonly disk = new MemoryDisk()
  readonly target = new MemoryTarget()
  readonly sent: ConsoleMessage[] = []
  readonly transfers: Transfers
  now = 0
  /** What the agent has of each file that was put, by name; it goes on from there. */
  readonly remote = new Map<string, Uint8Array>()
  private readonly names = new Map<number, string>()

  constructor() {
    this.transfers = new Transfers({
      disk: this.disk,
      clock: () => this.now,
      send: (message) => {
        encode(message)
        this.sent.push(message)
      },
      changed: () => undefined,
      keyOf: (item) => Promise.resolve(item.remote.join('')),
      log: () => undefined,
    })
    this.transfers.linkUp()
  }

  item(index = 0): Item {
    return this.transfers.items[index]!
  }

  of<K extends ConsoleMessage['type']>(type: K): Extract<ConsoleMessage, { type: K }>[] {
    return this.sent.filter((message): message is Extract<ConsoleMessage, { type: K }> => message.type === type)
  }

  last<K extends ConsoleMessage['type']>(type: K): Extract<ConsoleMessage, { type: K }> {
    return this.of(type).at(-1)!
  }

  async hear(message: AgentMessage): Promise<void> {
    this.transfers.receive(message)
    await settled()
  }

  /** Plays the agent's side of uploads until nothing more is said; stops after so many acknowledgements. */
  async serve(most = Infinity): Promise<void> {
    let answered = 0
    let acks = 0
    await settled()
    while (answered < this.sent.length && acks < most) {
      const message = this.sent[answered]!
      answered += 1
      if (message.type === 'put') {
        const name = message.names.join('/')
        this.names.set(message.transfer, name)
        const offset = this.remote.get(name)?.length ?? 0
        await this.hear({ type: 'ready', transfer: message.transfer, offset, size: message.size, modified_ms: message.modified_ms })
      } else if (message.type === 'data') {
        const name = this.names.get(message.transfer)!
        const before = this.remote.get(name) ?? new Uint8Array()
        if (before.length !== message.offset) continue
        const whole = new Uint8Array(before.length + message.data.length)
        whole.set(before)
        whole.set(message.data, before.length)
        this.remote.set(name, whole)
        this.now += 1
        acks += 1
        await this.hear({ type: 'ack', transfer: message.transfer, offset: message.offset, held_ms: 0 })
      } else if (message.type === 'finish') {
        const name = this.names.get(message.transfer)!
        const sum = sumOf(this.remote.get(name) ?? new Uint8Array())
        await this.hear({ type: 'ended', transfer: message.transfer, code: sum === message.sha256 ? '' : 'HASH', path: `/${name}`, sha256: sum })
      }
    }
    this.sent.splice(0, answered)
  }
}

function local(name: string, data: Uint8Array = DATA): LocalFile {
  const file = { size: data.length, lastModified: 5, data } as unknown as File
  return { names: [name], size: data.length, open: () => Promise.resolve(file) }
}

function far(name = 'a', size = DATA.length): RemoteFile {
  return { folder: '/home', name, size, modifiedMs: 7, names: [name] }
}

async function fetchUntil(bench: Bench, end: number, begin = 0): Promise<void> {
  const { transfer } = bench.last('get')
  await bench.hear({ type: 'ready', transfer, offset: begin, size: DATA.length, modified_ms: 7 })
  for (let at = begin; at < end; at += 50_000) {
    const data = DATA.slice(at, Math.min(end, at + 50_000)) as Bytes
    await bench.hear({ type: 'data', transfer, offset: at, data })
  }
}

describe('a file that goes to the PC', () => {
  it('arrives, with its sum', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a')], '/home', 'panes')
    await bench.serve()
    expect(bench.item()).toMatchObject({ state: 'done', done: DATA.length, sha256: sumOf(DATA), path: '/a' })
    expect(sumOf(bench.remote.get('a') ?? new Uint8Array())).toBe(sumOf(DATA))
  })

  it('may be empty', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a', new Uint8Array())], '/home', 'panes')
    await bench.serve()
    expect(bench.item()).toMatchObject({ state: 'done', sha256: sumOf(new Uint8Array()) })
  })

  it('goes on after a cut where it stopped', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a')], '/home', 'panes')
    await bench.serve(3)
    const kept = bench.remote.get('a')!.length
    bench.transfers.linkDown()
    expect(bench.item().state).toBe('queued')
    bench.sent.splice(0)
    await settled()
    bench.transfers.linkUp()
    await bench.serve()
    expect(kept).toBeGreaterThan(0)
    expect(bench.item()).toMatchObject({ state: 'done', sha256: sumOf(DATA) })
    expect(sumOf(bench.remote.get('a') ?? new Uint8Array())).toBe(sumOf(DATA))
  })

  it('says that it changed when it did', async () => {
    const bench = new Bench()
    const file = { size: DATA.length + 1, lastModified: 5, data: DATA } as unknown as File
    bench.transfers.upload([{ names: ['a'], size: DATA.length, open: () => Promise.resolve(file) }], '/home', 'panes')
    await bench.serve()
    expect(bench.item()).toMatchObject({ state: 'failed', code: 'CHANGED' })
  })

  it('never has more under way than its window', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a')], '/home', 'panes')
    await settled()
    await bench.hear({ type: 'ready', transfer: bench.last('put').transfer, offset: 0, size: DATA.length, modified_ms: 5 })
    const underWay = bench.of('data').reduce((sum, message) => sum + message.data.length, 0)
    expect(underWay).toBeGreaterThan(0)
    expect(underWay).toBeLessThanOrEqual(64 * 1024)
  })

  it('is asked about where its name is taken; the answer is for all of its batch', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a'), local('b')], '/home', 'panes')
    await settled()
    for (const { transfer } of bench.of('put')) await bench.hear({ type: 'ended', transfer, code: 'EXISTS', path: '', sha256: '' })
    expect(bench.transfers.items.map((item) => item.state)).toEqual(['asking', 'asking'])
    bench.sent.splice(0)
    bench.transfers.answer(bench.item(), 'keep_both', true)
    await settled()
    expect(bench.of('put').map((put) => [put.names[0], put.conflict])).toEqual([['a', 'keep_both'], ['b', 'keep_both']])
    await bench.serve()
    expect(bench.transfers.items.map((item) => item.state)).toEqual(['done', 'done'])
  })
})

describe('a file that comes from the PC', () => {
  it('is written, acknowledged, checked and saved', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await fetchUntil(bench, DATA.length)
    expect(bench.of('ack').map((ack) => ack.offset)).toEqual([0, 50_000, 100_000, 150_000, 200_000, 250_000])
    await bench.hear({ type: 'finish', transfer: bench.last('get').transfer, sha256: sumOf(DATA) })
    expect(sumOf(bench.target.saved.get('a') ?? new Uint8Array())).toBe(sumOf(DATA))
    expect(bench.last('received')).toMatchObject({ code: '', sha256: sumOf(DATA) })
    expect(bench.item().state).toBe('done')
    await settled()
    expect(bench.disk.parts.size).toBe(0)
  })

  it('goes on after a cut, and begins anew when it is another file now', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await fetchUntil(bench, 100_000)
    bench.transfers.linkDown()
    await settled()
    bench.transfers.linkUp()
    await settled()
    expect(bench.last('get')).toMatchObject({ offset: 100_000, size: DATA.length, modified_ms: 7 })
    await fetchUntil(bench, DATA.length)
    await bench.hear({ type: 'finish', transfer: bench.last('get').transfer, sha256: sumOf(DATA) })
    expect(sumOf(bench.target.saved.get('a') ?? new Uint8Array())).toBe(sumOf(DATA))
  })

  it('is another file when it is fetched again while the browser still reads the first', async () => {
    const bench = new Bench()
    const slow: Target = { name: '', readsForMs: 1000, exists: () => Promise.resolve(false), save: () => Promise.resolve('a') }
    for (const number of [0, 1]) {
      bench.transfers.download([far()], slow, 'panes')
      await settled()
      expect(bench.last('get').offset).toBe(0)
      await fetchUntil(bench, DATA.length)
      await bench.hear({ type: 'finish', transfer: bench.last('get').transfer, sha256: sumOf(DATA) })
      expect(bench.item(number).state).toBe('done')
    }
    expect([...bench.disk.parts.keys()]).toEqual(['a', 'ax'])
  })

  it('is thrown away when its sum is wrong', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await fetchUntil(bench, DATA.length)
    await bench.hear({ type: 'finish', transfer: bench.last('get').transfer, sha256: '0'.repeat(64) })
    expect(bench.item()).toMatchObject({ state: 'failed', code: 'HASH' })
    expect(bench.target.saved.size + bench.disk.parts.size).toBe(0)
  })

  it('keeps what is there when the disk is full, and goes on later', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await fetchUntil(bench, 50_000)
    bench.disk.full = true
    await bench.hear({ type: 'data', transfer: bench.last('get').transfer, offset: 50_000, data: DATA.slice(0, 10) as Bytes })
    expect(bench.item()).toMatchObject({ state: 'failed', code: 'DISK_FULL' })
    bench.disk.full = false
    bench.transfers.resume(bench.item())
    await settled()
    expect(bench.last('get').offset).toBe(50_000)
  })

  it('asks before it takes the place of another; skipping asks the PC for nothing', async () => {
    const bench = new Bench()
    bench.target.taken.add('a')
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    expect(bench.item().state).toBe('asking')
    bench.transfers.answer(bench.item(), 'skip', false)
    await settled()
    expect(bench.item()).toMatchObject({ state: 'stopped', code: 'SKIPPED' })
    expect(bench.of('get')).toEqual([])
  })

  it.each<[string, (transfer: number) => AgentMessage]>([
    ['data out of place', (transfer) => ({ type: 'data', transfer, offset: 1, data: DATA.slice(0, 9) as Bytes })],
    ['an offset that is not here', (transfer) => ({ type: 'ready', transfer, offset: 5, size: 10, modified_ms: 0 })],
    ['an end', (transfer) => ({ type: 'ended', transfer, code: 'CHANGED', path: '', sha256: '' })],
  ])('fails at %s', async (_what, message) => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await bench.hear(message(bench.last('get').transfer))
    expect(bench.item().state).toBe('failed')
    expect(bench.target.saved.size).toBe(0)
  })

  it('is never begun by the PC: what nobody asked for is nothing', async () => {
    const bench = new Bench()
    for (const type of ['ready', 'finish', 'ended', 'data', 'ack'] as const) {
      const sha256 = '0'.repeat(64)
      const facts = { transfer: 9, offset: 0, size: 1, modified_ms: 0, data: DATA.slice(0, 1) as Bytes, held_ms: 0, code: '', path: '', sha256 }
      await bench.hear({ type, ...facts } as AgentMessage)
    }
    expect([bench.sent, bench.transfers.items, bench.disk.parts.size]).toEqual([[], [], 0])
  })
})

describe('the list', () => {
  it('lets a few run, in its order, which can be changed', async () => {
    const bench = new Bench()
    bench.transfers.upload(['a', 'b', 'c', 'd', 'e'].map((name) => local(name)), '/home', 'panes')
    await settled()
    expect(bench.of('put').map((put) => put.names[0])).toEqual(['a', 'b', 'c'])
    bench.transfers.move(bench.item(4), -1)
    bench.transfers.cancel(bench.item(0))
    await settled()
    expect(bench.of('put').map((put) => put.names[0])).toEqual(['a', 'b', 'c', 'e'])
    expect(bench.transfers.items.filter((item) => item.state === 'running')).toHaveLength(MAX_RUNNING)
  })

  it('pauses and goes on', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a')], '/home', 'panes')
    await bench.serve(2)
    bench.transfers.pause(bench.item())
    expect(bench.last('stop')).toMatchObject({ keep: true })
    expect(bench.item().state).toBe('paused')
    bench.sent.splice(0)
    await settled()
    bench.transfers.resume(bench.item())
    await bench.serve()
    expect(bench.item().state).toBe('done')
  })

  it('a paused one stays paused over a cut, and nothing runs without a link', async () => {
    const bench = new Bench()
    bench.transfers.upload([local('a'), local('b')], '/home', 'panes')
    await settled()
    bench.transfers.pause(bench.item())
    bench.transfers.linkDown()
    await settled()
    expect(bench.transfers.items.map((item) => item.state)).toEqual(['paused', 'queued'])
    bench.sent.splice(0)
    bench.transfers.upload([local('c')], '/home', 'panes')
    await settled()
    expect(bench.sent).toEqual([])
  })

  it('cancelling throws away what is here', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    await fetchUntil(bench, 50_000)
    bench.transfers.cancel(bench.item())
    await settled()
    expect(bench.last('stop')).toMatchObject({ keep: false })
    expect(bench.disk.parts.size).toBe(0)
    bench.transfers.clear()
    expect(bench.transfers.items).toEqual([])
  })

  it('knows speed and time left', async () => {
    const bench = new Bench()
    bench.transfers.download([far()], bench.target, 'panes')
    await settled()
    const { transfer } = bench.last('get')
    await bench.hear({ type: 'ready', transfer, offset: 0, size: DATA.length, modified_ms: 7 })
    bench.now = 1000
    await bench.hear({ type: 'data', transfer, offset: 0, data: DATA.slice(0, 100_000) as Bytes })
    expect(bench.item().speed).toBe(100_000)
    expect(secondsLeft(bench.item())).toBe(2)
  })
})

describe('messages', () => {
  it('of an agent share no memory that is too short', () => {
    expect(() => decode(Uint8Array.of(0x20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))).toThrow('BAD_FILES')
  })
})
