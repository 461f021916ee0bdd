/**
 * Chunks of recordings that wait to be sent, in the browser's own files: a folder per recording, a file per chunk (length u32,
 * then the chunk: a file that is shorter was not written to its end), and "done" when no more will come. What is here survives a
 * closed tab; it is ciphertext.
 */

import { utf8, viewOf, type Bytes } from '../../protocol/bytes'
import type { Done, Spool } from './sealed-file'
import { openHandle } from './sync-file'

const FOLDER = 'recordings-out'
const DONE = 'done'
const LENGTH_BYTES = 4

async function outbox(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true })
}

/** In the worker that records. */
export async function openSpool(recording: string): Promise<Spool> {
  const folder = await (await outbox()).getDirectoryHandle(recording, { create: true })
  const write = async (name: string, data: Bytes): Promise<void> => {
    const file = await openHandle(folder, name)
    try {
      file.write(data, { at: 0 })
      file.flush()
    } finally {
      file.close()
    }
  }
  return {
    put: (number, chunk) => write(String(number), framed(chunk)),
    done: (how) => write(DONE, framed(utf8(JSON.stringify(how)))),
  }
}

function framed(data: Bytes): Bytes {
  const whole = new Uint8Array(LENGTH_BYTES + data.length)
  viewOf(whole).setUint32(0, data.length)
  whole.set(data, LENGTH_BYTES)
  return whole
}

/** The page's side: what waits, oldest first. */
export class Outbox {
  private constructor(private readonly folder: FileSystemDirectoryHandle) {}

  /** Ids of recordings of which something waits. */
  static async waiting(): Promise<string[]> {
    const found: string[] = []
    for await (const [name, handle] of (await outbox()).entries()) if (handle.kind === 'directory') found.push(name)
    return found
  }

  static async of(recording: string): Promise<Outbox> {
    return new Outbox(await (await outbox()).getDirectoryHandle(recording, { create: true }))
  }

  static async forget(recording: string): Promise<void> {
    await (await outbox()).removeEntry(recording, { recursive: true })
  }

  /** The next chunk that is there as a whole, or null. */
  async next(): Promise<{ number: number; chunk: Bytes } | null> {
    let number = Infinity
    for await (const name of this.folder.keys()) if (/^[1-9]\d*$/.test(name)) number = Math.min(number, Number(name))
    if (number === Infinity) return null
    const chunk = await this.read(String(number))
    return chunk === null ? null : { number, chunk }
  }

  remove(number: number): Promise<void> {
    return this.folder.removeEntry(String(number))
  }

  /** How it ended, or null while it goes on or if it broke off. */
  async done(): Promise<Done | null> {
    const data = await this.read(DONE)
    return data === null ? null : (JSON.parse(new TextDecoder().decode(data)) as Done)
  }

  private async read(name: string): Promise<Bytes | null> {
    try {
      const file = await (await this.folder.getFileHandle(name)).getFile()
      const data = new Uint8Array(await file.arrayBuffer())
      const whole = data.length > LENGTH_BYTES && viewOf(data).getUint32(0) === data.length - LENGTH_BYTES
      return whole ? data.slice(LENGTH_BYTES) : null
    } catch (problem) {
      // A file that is being written may change while it is read: the next look finds it whole.
      if (problem instanceof DOMException && ['NotFoundError', 'NotReadableError'].includes(problem.name)) return null
      throw problem
    }
  }
}
