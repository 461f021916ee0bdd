/** One try to bring one file across one link; it ends once. After a cut or a pause the next try goes on where this one stopped. */

import type { Bytes } from '../../protocol/bytes'
import type { AgentMessage, ConsoleMessage, Data, Ended, Ready } from '../../protocol/files'
import { DiskError, type Disk, type Sink, type Source } from './disk'
import type { DownloadItem, UploadItem } from './transfer-item'
import type { BulkWindow } from './window'

export interface RunParts {
  readonly disk: Disk
  readonly clock: () => number
  readonly window: BulkWindow
  readonly send: (message: ConsoleMessage) => void
  /** `done` of the item has changed. */
  readonly moved: () => void
  /** The arrived file of this key belongs to whoever got it. */
  readonly handedOver: (key: string) => void
  /** There is room in the window again. */
  readonly roomMade: () => void
  /** The end. `code` "": the file is there. */
  readonly ended: (code: string) => void
  readonly log: (text: string, problem: unknown) => void
}

export interface Run {
  start(): void
  receive(message: AgentMessage): void
  pump(): void
  /** The link is gone: what is there stays. Resolves when the files are closed. */
  lost(): Promise<void>
  stop(keep: boolean): Promise<void>
}

/** Codes of the console's own: see `file_code` in the words. */
function codeOf(problem: unknown, parts: RunParts): string {
  if (problem instanceof DiskError) return problem.code
  parts.log('transfer failed', problem)
  return 'FAILED'
}

/** What is read from the disk at once: the way to its worker and back costs more time than the reading. */
const BLOCK = 1024 * 1024

/** Blocks of a source, the next one read while one is being sent. */
class ReadAhead {
  private block: Bytes = new Uint8Array()
  private used = 0
  private next: Promise<Bytes> | null = null

  constructor(
    private readonly source: Source,
    private left: number,
  ) {}

  /** At most `length` bytes, at least one; not to be called at the end. */
  async take(length: number): Promise<Bytes> {
    if (this.used === this.block.length) {
      this.block = await (this.next ?? this.read())
      this.used = 0
      this.next = this.left > 0 ? this.read() : null
      // Its failure is met when the block is taken.
      this.next?.catch(() => undefined)
    }
    const data = this.block.subarray(this.used, this.used + length)
    this.used += data.length
    return data
  }

  private read(): Promise<Bytes> {
    const length = Math.min(BLOCK, this.left)
    this.left -= length
    return this.source.read(length)
  }
}

export class Upload implements Run {
  private source: Source | null = null
  private ahead: ReadAhead | null = null
  private size = 0
  private offset = 0
  private acknowledged = 0
  private begun = false
  private reading = false
  private over = false

  constructor(
    private readonly number: number,
    private readonly item: UploadItem,
    private readonly parts: RunParts,
  ) {}

  start(): void {
    this.guard(async () => {
      const file = await this.item.local.open().catch((problem: unknown) => {
        throw problem instanceof DOMException ? new DiskError('CHANGED') : problem
      })
      this.source = await this.parts.disk.openSource(file)
      if (this.over) return this.source.close()
      this.size = this.item.size = file.size
      const { folder, local, conflict, via } = this.item
      const about = { folder, names: local.names, conflict, via, size: file.size, modified_ms: file.lastModified }
      this.parts.send({ type: 'put', transfer: this.number, ...about })
    })
  }

  receive(message: AgentMessage): void {
    if (message.type === 'ready') this.guard(() => this.ready(message))
    else if (message.type === 'ack') this.acked(message.offset, message.held_ms)
    else if (message.type === 'ended') this.ended(message)
  }

  private async ready({ offset }: Ready): Promise<void> {
    if (this.source === null || this.begun || offset > this.size) throw new DiskError('FAILED')
    this.begun = true
    await this.source.skip(offset)
    this.ahead = new ReadAhead(this.source, this.size - offset)
    this.offset = this.acknowledged = this.item.done = offset
    this.parts.moved()
    this.reading = false
    if (this.offset === this.size) await this.finish()
    else this.pump()
  }

  pump(): void {
    if (!this.begun || this.reading || this.over || this.offset >= this.size) return
    const room = this.parts.window.room()
    if (room === 0) return
    this.reading = true
    const offset = this.offset
    const length = Math.min(room, this.size - offset)
    // Taken now: another transfer must not use the same room while this one reads.
    this.parts.window.sent(this.number, offset, length)
    this.guard(async () => {
      const data = await this.ahead?.take(length)
      this.reading = false
      if (this.over || data === undefined) return
      this.offset += data.length
      this.parts.window.sent(this.number, offset, data.length)
      this.parts.send({ type: 'data', transfer: this.number, offset, data })
      this.parts.roomMade()
    })
  }

  private acked(offset: number, heldMs: number): void {
    const size = this.parts.window.acknowledged(this.number, offset, heldMs)
    this.acknowledged += size
    this.item.done = this.acknowledged
    this.parts.moved()
    if (size > 0 && this.acknowledged === this.size) this.guard(() => this.finish())
    else this.parts.roomMade()
  }

  private async finish(): Promise<void> {
    const sha256 = (await this.source?.finish()) ?? ''
    if (!this.over) this.parts.send({ type: 'finish', transfer: this.number, sha256 })
  }

  private ended({ code, path, sha256 }: Ended): void {
    if (this.over) return
    this.item.path = path
    this.item.sha256 = sha256
    this.close()
    this.parts.ended(code)
  }

  lost(): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  stop(keep: boolean): Promise<void> {
    if (!this.over) this.parts.send({ type: 'stop', transfer: this.number, keep })
    return this.lost()
  }

  private close(): void {
    this.over = true
    this.parts.window.forget(this.number)
    this.source?.close()
    this.source = null
  }

  private guard(work: () => Promise<void>): void {
    work().catch((problem: unknown) => {
      if (this.over) return
      void this.stop(true)
      this.parts.ended(codeOf(problem, this.parts))
    })
  }
}

export class Download implements Run {
  private sink: Sink | null = null
  private expected = 0
  private over = false
  private closing: Promise<void> = Promise.resolve()

  constructor(
    private readonly number: number,
    private readonly item: DownloadItem,
    private readonly key: string,
    private readonly parts: RunParts,
  ) {}

  start(): void {
    this.guard(async () => {
      const { folder, remote, size, modifiedMs, via } = this.item
      const sink = await this.parts.disk.openSink(this.key)
      if (this.over) return sink.close()
      this.sink = sink
      const about = { folder, names: remote, offset: sink.offset, size, modified_ms: modifiedMs, via }
      this.parts.send({ type: 'get', transfer: this.number, ...about })
    })
  }

  receive(message: AgentMessage): void {
    if (this.over || this.sink === null) return
    const { sink } = this
    if (message.type === 'ready') this.ready(sink, message)
    else if (message.type === 'data') this.data(sink, message)
    else if (message.type === 'finish') this.guard(() => this.finish(sink, message.sha256))
    else if (message.type === 'ended') this.fail(message.code)
  }

  /** The agent begins anew when the file is another one than the one whose beginning is here. */
  private ready(sink: Sink, { offset, size, modified_ms: modifiedMs }: Ready): void {
    if (offset !== 0 && offset !== sink.offset) {
      this.fail('FAILED')
      return
    }
    if (offset !== sink.offset) this.guard(() => sink.restart())
    this.expected = this.item.done = offset
    this.item.size = size
    this.item.modifiedMs = modifiedMs
    this.parts.moved()
  }

  private data(sink: Sink, { offset, data }: Data): void {
    if (offset !== this.expected) {
      this.fail('FAILED')
      return
    }
    this.expected += data.length
    const end = this.expected
    const cameAt = this.parts.clock()
    this.guard(async () => {
      await sink.write(data)
      if (this.over) return
      this.item.done = end
      this.parts.send({ type: 'ack', transfer: this.number, offset, held_ms: this.parts.clock() - cameAt })
      this.parts.moved()
    })
  }

  private async forget(sink: Sink): Promise<void> {
    await sink.discard().catch((problem: unknown) => {
      this.parts.log('an arrived file could not be forgotten', problem)
    })
  }

  private async finish(sink: Sink, sha256: string): Promise<void> {
    const found = await sink.finish()
    if (this.over) return
    if (found !== sha256) {
      this.over = true
      await sink.discard()
      this.report('HASH', '')
      return
    }
    const file = await sink.file()
    const { target, names, conflict } = this.item
    this.item.path = await target.save(names, file, conflict)
    if (target.readsForMs > 0) this.parts.handedOver(this.key)
    setTimeout(() => void this.forget(sink), target.readsForMs)
    if (this.over) return
    this.over = true
    this.item.sha256 = sha256
    this.report('', sha256)
  }

  pump(): void {
    // The agent sends as far as its own window allows.
  }

  private report(code: string, sha256: string): void {
    this.parts.send({ type: 'received', transfer: this.number, code, sha256 })
    this.parts.ended(code)
  }

  private fail(code: string): void {
    if (this.over) return
    void this.lost()
    this.report(code, '')
  }

  async lost(): Promise<void> {
    this.over = true
    await this.close((sink) => sink.close())
  }

  async stop(keep: boolean): Promise<void> {
    if (!this.over) this.parts.send({ type: 'stop', transfer: this.number, keep })
    this.over = true
    await this.close((sink) => (keep ? sink.close() : sink.discard()))
  }

  private async close(how: (sink: Sink) => Promise<void>): Promise<void> {
    const { sink } = this
    this.sink = null
    if (sink === null) return
    this.closing = this.closing.then(() => how(sink)).catch((problem: unknown) => {
      this.parts.log('a part could not be closed', problem)
    })
    await this.closing
  }

  private guard(work: () => Promise<void>): void {
    work().catch((problem: unknown) => {
      this.fail(codeOf(problem, this.parts))
    })
  }
}
