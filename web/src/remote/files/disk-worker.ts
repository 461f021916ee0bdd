/** The worker that reads, writes and sums files: a page must not wait for a disk or for SHA-256. */

import type { Bytes } from '../../protocol/bytes'
import { FOLDER, type DiskAnswer, type DiskCall, type DiskRequest } from './disk-calls'
import { Sha256 } from './sha256'

interface Scope {
  onmessage: ((event: MessageEvent<DiskRequest>) => void) | null
  postMessage(answer: DiskAnswer, transfer: Transferable[]): void
}

/** As in the File System standard; the library of types for pages has no workers. */
interface SyncAccessHandle {
  getSize(): number
  read(into: Uint8Array, options: { at: number }): number
  write(data: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

interface SyncFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>
}

interface Unit {
  run(call: DiskCall): Promise<DiskAnswer['value']> | DiskAnswer['value']
}

const PIECE = 1024 * 1024
const FLUSH_BYTES = 16 * PIECE

class SourceUnit implements Unit {
  private readonly sum = new Sha256()
  private at = 0

  constructor(private readonly file: File) {}

  async run(call: DiskCall): Promise<DiskAnswer['value']> {
    if (call.op === 'read') return this.read(call.length)
    if (call.op === 'skip') while (this.at < call.offset) await this.read(Math.min(PIECE, call.offset - this.at))
    return call.op === 'finish' ? this.sum.digest() : null
  }

  /** A file that was changed since it was chosen rejects here (NotReadableError). */
  private async read(length: number): Promise<Bytes> {
    const data = new Uint8Array(await this.file.slice(this.at, this.at + length).arrayBuffer())
    if (data.length !== length) throw new DOMException('the file became shorter', 'NotReadableError')
    this.sum.update(data)
    this.at += length
    return data
  }
}

class SinkUnit implements Unit {
  private sum = new Sha256()
  private unflushed = 0
  /** Each write costs the browser more than its bytes: they are collected. A tab that dies loses no more than this. */
  private readonly collected = new Uint8Array(PIECE)
  private collectedBytes = 0

  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly key: string,
    private readonly file: SyncAccessHandle,
    private at: number,
  ) {}

  static async open(key: string): Promise<SinkUnit> {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(FOLDER, { create: true })
    const handle = (await folder.getFileHandle(key, { create: true })) as SyncFileHandle
    const file = await handle.createSyncAccessHandle()
    const unit = new SinkUnit(folder, key, file, file.getSize())
    unit.addExisting()
    return unit
  }

  get offset(): number {
    return this.at
  }

  private addExisting(): void {
    const piece = new Uint8Array(PIECE)
    for (let at = 0; at < this.at; ) {
      const read = this.file.read(piece, { at })
      if (read === 0) throw new DOMException('the part became shorter', 'NotReadableError')
      this.sum.update(piece.subarray(0, read))
      at += read
    }
  }

  async run(call: DiskCall): Promise<DiskAnswer['value']> {
    if (call.op === 'write') this.write(call.data)
    else if (call.op === 'restart') this.restart()
    else if (call.op === 'finish') return this.finish()
    else await this.end(call.op === 'discard')
    return null
  }

  /** What a full disk or a finished file does not take any more is left out. */
  private async end(discard: boolean): Promise<void> {
    try {
      if (!discard && this.collectedBytes > 0) this.writeCollected()
    } finally {
      this.file.close()
    }
    if (discard) await this.folder.removeEntry(this.key)
  }

  private write(data: Bytes): void {
    this.sum.update(data)
    for (let rest: Uint8Array = data; rest.length > 0; ) {
      const some = rest.subarray(0, PIECE - this.collectedBytes)
      this.collected.set(some, this.collectedBytes)
      this.collectedBytes += some.length
      rest = rest.subarray(some.length)
      if (this.collectedBytes === PIECE) this.writeCollected()
    }
  }

  private writeCollected(): void {
    const data = this.collected.subarray(0, this.collectedBytes)
    if (this.file.write(data, { at: this.at }) !== data.length) throw new DOMException('no more room', 'QuotaExceededError')
    this.at += data.length
    this.collectedBytes = 0
    this.unflushed += data.length
    if (this.unflushed < FLUSH_BYTES) return
    this.file.flush()
    this.unflushed = 0
  }

  private restart(): void {
    this.collectedBytes = 0
    this.file.truncate(0)
    this.sum = new Sha256()
    this.at = 0
  }

  private finish(): string {
    this.writeCollected()
    this.file.flush()
    this.file.close()
    return this.sum.digest()
  }
}

const CODES: Readonly<Record<string, string>> = {
  QuotaExceededError: 'DISK_FULL',
  NotReadableError: 'CHANGED',
  NotFoundError: 'CHANGED',
  NoModificationAllowedError: 'BUSY',
  NotAllowedError: 'DENIED',
  SecurityError: 'NO_STORAGE',
}

function codeOf(problem: unknown): string {
  return (problem instanceof DOMException && CODES[problem.name]) || 'FAILED'
}

const scope = globalThis as unknown as Scope
const units = new Map<number, Unit>()
/** Calls of one unit keep their order. */
const tails = new Map<number, Promise<unknown>>()

async function run(call: DiskCall): Promise<DiskAnswer['value']> {
  if (call.op === 'source') {
    units.set(call.unit, new SourceUnit(call.file))
    return null
  }
  if (call.op === 'sink') {
    const sink = await SinkUnit.open(call.key)
    units.set(call.unit, sink)
    return sink.offset
  }
  const value = (await units.get(call.unit)?.run(call)) ?? null
  if (call.op === 'close' || call.op === 'discard') {
    units.delete(call.unit)
    tails.delete(call.unit)
  }
  return value
}

async function answer({ id, call }: DiskRequest): Promise<void> {
  try {
    const value = await run(call)
    scope.postMessage({ id, code: '', value }, value instanceof Uint8Array ? [value.buffer] : [])
  } catch (problem) {
    const code = codeOf(problem)
    if (code === 'FAILED') console.warn('file work failed', problem)
    scope.postMessage({ id, code, value: null }, [])
  }
}

scope.onmessage = ({ data }) => {
  const before = tails.get(data.call.unit) ?? Promise.resolve()
  tails.set(
    data.call.unit,
    before.then(() => answer(data)),
  )
}
