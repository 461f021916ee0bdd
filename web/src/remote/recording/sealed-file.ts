/**
 * A recording for the appliance: its writes are collected into chunks, encrypted here and laid into the browser's own files,
 * from where the page sends them (console/recording/upload.ts). Neither a plain picture nor the key is ever on a disk.
 * What the network cannot take waits on the disk: the remote control never waits for it.
 */

import type { StreamTargetChunk } from 'mediabunny'
import { concat, toHex, utf8, type Bytes } from '../../protocol/bytes'
import { headAfter } from '../../shared/recording/chain'
import type { ChunkCipher } from '../../shared/recording/cipher'
import { encodeRecord, type LogRecord } from '../../shared/recording/write-log'
import type { RecordingFile } from './recorder'

/** Half a second of the largest bit rate: with the rest of its last write it stays below what the server takes. */
const CHUNK_BYTES = 384 * 1024
const MAX_WRITE_BYTES = 128 * 1024
/** What a closed tab may lose. */
const LONGEST_MS = 5000

export interface Done {
  readonly chunks: number
  readonly duration_ms: number
  /** Hex. */
  readonly head: string
}

/** Where chunks wait to be sent. */
export interface Spool {
  put(number: number, chunk: Bytes): Promise<void>
  /** No more will come. */
  done(how: Done): Promise<void>
}

export class SealedFile implements RecordingFile {
  bytes = 0
  readonly stream = new WritableStream<StreamTargetChunk>({ write: ({ data, position }) => this.write(position, data) })
  private waiting: Bytes[] = []
  private size = 0
  private chunks = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private turn: Promise<void> = Promise.resolve()
  private problem: unknown = null

  /** `head`: of the chain before the first chunk. */
  constructor(
    private readonly cipher: ChunkCipher,
    private readonly spool: Spool,
    private head: Bytes,
  ) {}

  async finish(marks: string, durationMs: number): Promise<void> {
    this.collect({ kind: 'marks', data: utf8(marks) })
    await this.flush(true)
    await this.spool.done({ chunks: this.chunks, duration_ms: Math.round(durationMs), head: toHex(this.head) })
  }

  private async write(position: number, data: Uint8Array): Promise<void> {
    if (this.problem !== null) throw this.problem
    for (let at = 0; at < data.length; at += MAX_WRITE_BYTES) {
      const piece = data.slice(at, at + MAX_WRITE_BYTES) as Bytes
      this.collect({ kind: 'write', position: position + at, data: piece })
      if (this.size >= CHUNK_BYTES) await this.flush(false)
    }
    this.bytes = Math.max(this.bytes, position + data.length)
    this.timer ??= setTimeout(() => void this.flush(false).catch((problem: unknown) => (this.problem = problem)), LONGEST_MS)
  }

  private collect(record: LogRecord): void {
    const bytes = encodeRecord(record)
    this.waiting.push(bytes)
    this.size += bytes.length
  }

  /** One after another: numbers and the chain follow the order. */
  private flush(last: boolean): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const plain = concat(...this.waiting.splice(0))
    this.size = 0
    this.turn = this.turn.then(() => (plain.length > 0 ? this.lay(plain, last) : undefined))
    return this.turn
  }

  private async lay(plain: Bytes, last: boolean): Promise<void> {
    const number = this.chunks + 1
    const chunk = await this.cipher.seal(number, last, plain)
    await this.spool.put(number, chunk)
    this.head = await headAfter(this.head, number, chunk)
    this.chunks = number
  }
}
