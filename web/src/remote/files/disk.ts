/** What transfers need of this computer's disk. Behind it is a worker (worker-disk.ts), or memory in tests. */

import type { Bytes } from '../../protocol/bytes'

/** DISK_FULL, CHANGED, DENIED, BUSY, NO_STORAGE (the browser keeps no files, as in some private windows) or FAILED. */
export class DiskError extends Error {
  constructor(readonly code: string) {
    super(code)
  }
}

/** A file of the operator that is read once, from the beginning, and summed on the way. Rejects with DiskError. */
export interface Source {
  /** The next `length` bytes, exactly. */
  read(length: number): Promise<Bytes>
  /** Reads on to this offset, for the sum only. */
  skip(offset: number): Promise<void>
  /** SHA-256 of all that was read, hex. */
  finish(): Promise<string>
  close(): void
}

/** A file that arrives; what is there of it stays over reloads until `discard`. Rejects with DiskError. */
export interface Sink {
  /** Bytes that were there when it was opened. */
  readonly offset: number
  /** Throws away what is there. */
  restart(): Promise<void>
  /** The memory of `data` may be handed over: it is not to be used afterwards. */
  write(data: Bytes): Promise<void>
  /** -> SHA-256 of the whole, hex. Nothing can be written any more. */
  finish(): Promise<string>
  /** After `finish`. */
  file(): Promise<File>
  close(): Promise<void>
  discard(): Promise<void>
}

export interface Disk {
  openSource(file: File): Promise<Source>
  /** `key`: names the arriving file among all of this origin; letters and digits. */
  openSink(key: string): Promise<Sink>
}
