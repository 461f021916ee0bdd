/**
 * The list of transfers: which run now, which wait, and how they go on after a cut. It knows no page and no framework.
 *
 * At most MAX_RUNNING files are on the way at once, in the order of the list: more would only hide the first one's progress, fewer
 * would make many small files wait for round trips.
 */

import type { AgentMessage, Conflict, ConsoleMessage, Via } from '../../protocol/files'
import type { Disk } from './disk'
import { Download, Upload, type Run, type RunParts } from './runs'
import { isOver, type DownloadItem, type Item, type LocalFile, type Target } from './transfer-item'
import { BulkWindow } from './window'

export const MAX_RUNNING = 3
/** Entries of one list; a folder with more is taken in parts. */
export const MAX_ITEMS = 100_000
const SPEED_MS = 500

export interface TransferParts {
  readonly disk: Disk
  /** Milliseconds that only go forward. */
  readonly clock: () => number
  readonly send: (message: ConsoleMessage) => void
  /** The list or something in it has changed; called often. */
  readonly changed: () => void
  /** Name of the arriving file in this computer's storage: the same for the same file of the same PC. */
  readonly keyOf: (item: DownloadItem) => Promise<string>
  readonly log: (text: string, problem: unknown) => void
}

export interface RemoteFile {
  /** Folder on the PC that has it, and its name there. */
  readonly folder: string
  readonly name: string
  readonly size: number
  readonly modifiedMs: number
  /** Names below the target. */
  readonly names: readonly string[]
}

interface Pace {
  readonly at: number
  readonly done: number
}

interface Current {
  readonly number: number
  readonly run: Run
}

export class Transfers {
  readonly items: Item[] = []
  private readonly running = new Map<number, Current>()
  private readonly paces = new Map<number, Pace>()
  /** Keys of files that were handed over and are still being read: another download of the same file is another file. */
  private readonly given = new Set<string>()
  /** Items whose last try still closes its files. */
  private readonly closing = new Set<number>()
  private window: BulkWindow | null = null
  private ids = 0
  private batches = 0
  private numbers = 0

  constructor(private readonly parts: TransferParts) {}

  /** A new link that may carry files. */
  linkUp(): void {
    this.window = new BulkWindow(this.parts.clock)
    this.next()
  }

  /** What was on the way begins again with the next link, where it stopped. */
  linkDown(): void {
    this.window = null
    for (const item of this.items) {
      const current = this.running.get(item.id)
      if (current === undefined) continue
      this.settle(item, current.run.lost())
      item.state = 'queued'
    }
    this.parts.changed()
  }

  upload(files: readonly LocalFile[], folder: string, via: Via): void {
    this.batches += 1
    for (const local of files) {
      const common = { ...this.common(folder, via), size: local.size }
      this.items.push({ direction: 'up', local, ...common })
    }
    this.added()
  }

  download(files: readonly RemoteFile[], target: Target, via: Via): void {
    this.batches += 1
    for (const { folder, name, size, modifiedMs, names } of files) {
      const common = { ...this.common(folder, via), size }
      this.items.push({ direction: 'down', remote: [name], names, modifiedMs, target, ...common })
    }
    this.added()
  }

  private common(folder: string, via: Via): Omit<Item, 'direction' | 'local' | 'size'> & { conflict: Conflict; state: 'queued' } {
    this.ids += 1
    const fresh = { done: 0, code: '', speed: 0, sha256: '', path: '' }
    return { id: this.ids, folder, via, batch: this.batches, state: 'queued', conflict: 'ask', ...fresh }
  }

  private added(): void {
    this.parts.changed()
    this.next()
  }

  receive(message: AgentMessage): void {
    if (!('transfer' in message)) return
    for (const { number, run } of this.running.values()) if (number === message.transfer) run.receive(message)
  }

  pause(item: Item): void {
    this.interrupt(item, true, 'paused')
  }

  /** Also after a failure: another try. */
  resume(item: Item): void {
    if (item.state !== 'paused' && item.state !== 'failed' && item.state !== 'stopped') return
    item.state = 'queued'
    item.code = ''
    this.added()
  }

  cancel(item: Item): void {
    if (!isOver(item)) this.interrupt(item, false, 'stopped')
  }

  private interrupt(item: Item, keep: boolean, state: 'paused' | 'stopped'): void {
    if (isOver(item)) return
    const current = this.running.get(item.id)
    item.state = state
    if (current !== undefined) this.settle(item, current.run.stop(keep))
    this.added()
  }

  /** What to do where something has the name already. `all`: also for the others that were added together. */
  answer(item: Item, conflict: Conflict, all: boolean): void {
    for (const one of this.items) {
      if (one !== item && !(all && one.batch === item.batch && one.conflict === 'ask' && !isOver(one))) continue
      one.conflict = conflict
      if (one.state === 'asking') one.state = 'queued'
    }
    this.added()
  }

  /** Earlier (-1) or later (1) among those that wait. */
  move(item: Item, by: -1 | 1): void {
    const at = this.items.indexOf(item)
    const other = this.items[at + by]
    if (at < 0 || other === undefined) return
    this.items[at + by] = item
    this.items[at] = other
    this.parts.changed()
  }

  /** Takes what is over from the list. */
  clear(): void {
    const left = this.items.filter((item) => !isOver(item))
    this.items.splice(0, this.items.length, ...left)
    this.parts.changed()
  }

  private next(): void {
    for (const item of this.items) {
      if (this.window === null || this.running.size >= MAX_RUNNING) return
      if (item.state === 'queued' && !this.closing.has(item.id)) this.begin(item, this.window)
    }
  }

  private begin(item: Item, window: BulkWindow): void {
    this.numbers += 1
    const number = this.numbers
    item.state = 'running'
    item.speed = 0
    this.paces.set(item.id, { at: this.parts.clock(), done: item.done })
    const parts = this.partsOf(item, number, window)
    if (item.direction === 'up') this.go(item, number, new Upload(number, item, parts))
    else this.prepare(item, number, parts)
  }

  private go(item: Item, number: number, run: Run): void {
    this.running.set(item.id, { number, run })
    run.start()
    this.parts.changed()
  }

  /** A file that comes: its key, and whether there is one of its name, are asked for first. */
  private prepare(item: DownloadItem, number: number, parts: RunParts): void {
    let given = false
    const waiting: Run = {
      start: () => undefined,
      receive: () => undefined,
      pump: () => undefined,
      lost: () => Promise.resolve(void (given = true)),
      stop: () => Promise.resolve(void (given = true)),
    }
    this.go(item, number, waiting)
    const ready = async (): Promise<void> => {
      if (item.conflict === 'ask' || item.conflict === 'skip') {
        const taken = await item.target.exists(item.names)
        if (given) return
        if (taken) return parts.ended(item.conflict === 'ask' ? 'EXISTS' : 'SKIPPED')
      }
      let key = await this.parts.keyOf(item)
      while (this.given.has(key)) key += 'x'
      if (!given) this.go(item, number, new Download(number, item, key, parts))
    }
    ready().catch((problem: unknown) => {
      this.parts.log('a transfer could not begin', problem)
      if (!given) parts.ended('FAILED')
    })
  }

  private partsOf(item: Item, number: number, window: BulkWindow): RunParts {
    const isCurrent = (): boolean => this.running.get(item.id)?.number === number
    return {
      disk: this.parts.disk,
      clock: this.parts.clock,
      log: this.parts.log,
      window,
      send: (message) => {
        if (isCurrent()) this.parts.send(message)
      },
      moved: () => {
        this.moved(item)
      },
      handedOver: (key) => {
        this.given.add(key)
      },
      roomMade: () => {
        for (const { run } of this.running.values()) run.pump()
      },
      ended: (code) => {
        if (isCurrent()) this.ended(item, code)
      },
    }
  }

  private moved(item: Item): void {
    const now = this.parts.clock()
    const before = this.paces.get(item.id)
    if (before !== undefined && now - before.at >= SPEED_MS) {
      const rate = (1000 * Math.max(0, item.done - before.done)) / (now - before.at)
      item.speed = item.speed === 0 ? rate : 0.7 * item.speed + 0.3 * rate
      this.paces.set(item.id, { at: now, done: item.done })
    }
    this.parts.changed()
  }

  private ended(item: Item, code: string): void {
    this.running.delete(item.id)
    this.paces.delete(item.id)
    item.code = code
    item.speed = 0
    if (code === '') item.state = 'done'
    else if (code === 'EXISTS') item.state = 'asking'
    else item.state = code === 'SKIPPED' ? 'stopped' : 'failed'
    if (code === '') item.done = item.size
    this.added()
  }

  private settle(item: Item, closed: Promise<void>): void {
    this.running.delete(item.id)
    this.paces.delete(item.id)
    item.speed = 0
    this.closing.add(item.id)
    void closed.then(() => {
      this.closing.delete(item.id)
      this.next()
    })
  }
}
