/**
 * How much of a file may be under way: a window that gives way as soon as the line has a queue. Files have the lowest priority;
 * the rules and their reasons are those of agent/features/files/window.py. Times in milliseconds.
 */

import { MAX_CHUNK, MAX_WINDOW } from '../../protocol/files'

const KIB = 1024
const FIRST_WINDOW = 64 * KIB
const MIN_WINDOW = 8 * KIB
const MIN_CHUNK = 4 * KIB
const GROW_BELOW_MS = 6
const SHRINK_ABOVE_MS = 12
/** What a chunk takes on the line at most. */
const CHUNK_MS = 8
const BASE_MEMORY_MS = 30_000
const BANDWIDTH_MEMORY_MS = 2_000
const RECENT = 4

interface UnderWay {
  readonly sentAt: number
  readonly size: number
  readonly acknowledgedBefore: number
}

interface Measured {
  readonly at: number
  readonly value: number
}

/** One direction of one link. Each chunk counts from `sent` to its `acknowledged` or `forget`. */
export class BulkWindow {
  private limit = FIRST_WINDOW
  private readonly out = new Map<string, UnderWay>()
  private inFlight = 0
  private done = 0
  private base: Measured[] = []
  private recent: number[] = []
  private rates: Measured[] = []
  private cutAt = -Infinity

  constructor(private readonly clock: () => number) {}

  get window(): number {
    return this.limit
  }

  /** Bytes of the next chunk; 0: wait for an acknowledgement. Small on a slow line: nothing overtakes a chunk. */
  room(): number {
    const rate = this.rates[0]?.value ?? 0
    const chunk = Math.min(MAX_CHUNK, Math.floor(this.limit / 2), Math.max(MIN_CHUNK, Math.floor(rate * CHUNK_MS)))
    return this.inFlight === 0 || this.inFlight + chunk <= this.limit ? chunk : 0
  }

  /** Said again for the same chunk: its time begins anew. */
  sent(transfer: number, offset: number, size: number): void {
    const key = keyOf(transfer, offset)
    this.inFlight += size - (this.out.get(key)?.size ?? 0)
    this.out.set(key, { sentAt: this.clock(), size, acknowledgedBefore: this.done })
  }

  /** `heldMs`: how long the chunk was at the other end before it was on the disk. -> its size; 0: it was not under way. */
  acknowledged(transfer: number, offset: number, heldMs: number): number {
    const key = keyOf(transfer, offset)
    const chunk = this.out.get(key)
    if (chunk === undefined) return 0
    const wasUsed = this.inFlight + MIN_CHUNK > this.limit / 2
    this.out.delete(key)
    this.inFlight -= chunk.size
    this.done += chunk.size
    const now = this.clock()
    const roundTrip = Math.max(now - chunk.sentAt - heldMs, 0.001)
    this.remember(now, roundTrip, chunk)
    if (wasUsed) this.adapt(now, roundTrip, chunk.size)
    return chunk.size
  }

  /** The transfer is over: nobody acknowledges its chunks any more. */
  forget(transfer: number): void {
    const prefix = `${transfer}:`
    for (const [key, chunk] of this.out) {
      if (!key.startsWith(prefix)) continue
      this.out.delete(key)
      this.inFlight -= chunk.size
    }
  }

  private remember(now: number, roundTrip: number, chunk: UnderWay): void {
    this.base = this.base.filter((one) => now - one.at < BASE_MEMORY_MS && one.value < roundTrip)
    this.base.push({ at: now, value: roundTrip })
    this.recent = [...this.recent.slice(1 - RECENT), roundTrip]
    const rate = (this.done - chunk.acknowledgedBefore) / Math.max(now - chunk.sentAt, 0.001)
    this.rates = this.rates.filter((one) => now - one.at < BANDWIDTH_MEMORY_MS && one.value > rate)
    this.rates.push({ at: now, value: rate })
  }

  private adapt(now: number, roundTrip: number, size: number): void {
    const base = this.base[0]?.value ?? roundTrip
    const queued = Math.min(...this.recent) - base - size / (this.rates[0]?.value ?? Infinity)
    if (queued < GROW_BELOW_MS) {
      // At first twice as much with each round trip, later by little: a line that is known is not tried out again.
      const share = this.cutAt === -Infinity ? 1 : Math.min(1, size / (4 * this.limit))
      this.limit = Math.min(MAX_WINDOW, this.limit + Math.floor(size * share) + 1)
    } else if (queued > SHRINK_ABOVE_MS && now - this.cutAt > roundTrip) {
      const share = Math.max(0.5, 1 - (queued - SHRINK_ABOVE_MS) / roundTrip)
      this.limit = Math.max(MIN_WINDOW, Math.floor(this.limit * share))
      this.cutAt = now
    }
  }
}

function keyOf(transfer: number, offset: number): string {
  return `${transfer}:${offset}`
}
