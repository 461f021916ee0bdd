/** The disk, through the worker that has it. */

import workerUrl from './disk-worker?worker&url'
import type { Bytes } from '../../protocol/bytes'
import { openWorkerOf } from '../open-worker'
import { DiskError, type Disk, type Sink, type Source } from './disk'
import { FOLDER, type DiskAnswer, type DiskCall } from './disk-calls'

interface Waiting {
  readonly resolve: (value: DiskAnswer['value']) => void
  readonly reject: (problem: DiskError) => void
}

/** The worker starts with the first file. */
export class WorkerDisk implements Disk {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private calls = 0
  private units = 0

  async openSource(file: File): Promise<Source> {
    const unit = this.nextUnit()
    await this.call({ op: 'source', unit, file })
    return {
      read: async (length) => (await this.call({ op: 'read', unit, length })) as Bytes,
      skip: async (offset) => void (await this.call({ op: 'skip', unit, offset })),
      finish: async () => (await this.call({ op: 'finish', unit })) as string,
      close: () => void this.call({ op: 'close', unit }),
    }
  }

  async openSink(key: string): Promise<Sink> {
    const unit = this.nextUnit()
    const offset = (await this.call({ op: 'sink', unit, key })) as number
    return {
      offset,
      restart: async () => void (await this.call({ op: 'restart', unit })),
      write: async (data) => void (await this.call({ op: 'write', unit, data })),
      finish: async () => (await this.call({ op: 'finish', unit })) as string,
      file: () => arrived(key),
      close: async () => void (await this.call({ op: 'close', unit })),
      discard: async () => void (await this.call({ op: 'discard', unit })),
    }
  }

  close(): void {
    this.worker?.terminate()
    this.worker = null
    this.fail()
  }

  private nextUnit(): number {
    this.units += 1
    return this.units
  }

  private call(call: DiskCall): Promise<DiskAnswer['value']> {
    this.worker ??= this.start()
    this.calls += 1
    const id = this.calls
    this.worker.postMessage({ id, call }, call.op === 'write' ? [call.data.buffer] : [])
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }))
  }

  private start(): Worker {
    const worker = openWorkerOf(workerUrl, 'files')
    // Parts of old sessions; where this browser keeps no files there are none.
    sweepArrived(Date.now()).catch((problem: unknown) => {
      if (!(problem instanceof DOMException)) throw problem
    })
    worker.onmessage = ({ data }: MessageEvent<DiskAnswer>) => {
      const waiting = this.waiting.get(data.id)
      this.waiting.delete(data.id)
      if (data.code === '') waiting?.resolve(data.value)
      else waiting?.reject(new DiskError(data.code))
    }
    worker.onerror = () => {
      this.fail()
    }
    return worker
  }

  private fail(): void {
    for (const { reject } of this.waiting.values()) reject(new DiskError('FAILED'))
    this.waiting.clear()
  }
}

async function arriving(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(FOLDER, { create: true })
}

async function arrived(key: string): Promise<File> {
  return (await (await arriving()).getFileHandle(key)).getFile()
}

const DAY_MS = 24 * 3600 * 1000
/** Parts that nobody came back for, and files that were handed over long ago. */
const STALE_MS = 7 * DAY_MS

async function sweepArrived(now: number): Promise<void> {
  const folder = await arriving()
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind !== 'file') continue
    const file = await (handle as FileSystemFileHandle).getFile()
    if (now - file.lastModified > STALE_MS) await folder.removeEntry(name)
  }
}
