/**
 * When frames of a recording are taken: only when the picture changed, at most MAX_FPS a second, and never while the encoder is
 * still busy with the one before, so that a slow PC records fewer frames and controls as fast as without.
 */

import type { Clock } from '../../protocol/secure'
import type { CursorShape, Place } from '../decoder'

export const MAX_FPS = 15
const INTERVAL_MS = 1000 / MAX_FPS

export interface Pointer {
  readonly shape: CursorShape | null
  readonly place: Place | null
}

/** Where the bytes of a video file go as it is made. `Chunk`: a write at a position. */
export interface RecordingFile<Chunk = { data: Uint8Array<ArrayBuffer>; position: number }> {
  readonly stream: WritableStream<Chunk>
  readonly bytes: number
  /** Nothing more is written. `marks`: JSON that belongs to it. */
  finish(marks: string, durationMs: number): Promise<void>
}

/** Where frames go: a file. */
export interface FrameSink {
  /** Takes the picture as it is now; resolves when the next may come. `atMs`: since the beginning, always growing. */
  add(atMs: number, pointer: Pointer): Promise<void>
  /** Completes the file; nothing may be added afterwards. `marks`: JSON that is kept beside it. */
  finish(marks: string): Promise<void>
  /** Bytes so far. */
  readonly bytes: number
}

export interface RecorderEvents {
  progress(ms: number, bytes: number): void
  /** Nothing more can be recorded, what was is complete as far as possible: the disk is full, the encoder broke. */
  failed(problem: unknown): void
}

export class Recorder {
  private readonly begin: number
  private lastAt = -Infinity
  private dirty = true
  private busy: Promise<void> | null = null
  private timer: ReturnType<typeof setTimeout> | null = null
  private over = false
  private shape: CursorShape | null = null
  private place: Place | null = null

  constructor(
    private readonly sink: FrameSink,
    private readonly clock: Clock,
    private readonly events: RecorderEvents,
  ) {
    this.begin = clock()
    this.schedule()
  }

  /** The picture changed. */
  changed(): void {
    this.dirty = true
    this.schedule()
  }

  /** The pointer is part of the recording, though not of the picture. */
  pointed(pointer: Partial<Pointer>): void {
    if (pointer.shape !== undefined) this.shape = pointer.shape
    if (pointer.place !== undefined) this.place = pointer.place
    this.changed()
  }

  /** Adds the last frame, so that the recording is as long as it took, and completes the file. */
  async stop(marks: string): Promise<void> {
    if (this.over) return
    this.over = true
    if (this.timer !== null) clearTimeout(this.timer)
    await this.busy
    try {
      await this.sink.add(Math.max(this.clock() - this.begin, this.lastAt - this.begin + 1), this.pointer())
      await this.sink.finish(marks)
    } catch (problem) {
      this.events.failed(problem)
    }
  }

  private pointer(): Pointer {
    return { shape: this.shape, place: this.place }
  }

  private schedule(): void {
    if (this.over || this.timer !== null || this.busy !== null || !this.dirty) return
    const wait = Math.max(this.lastAt + INTERVAL_MS - this.clock(), 0)
    this.timer = setTimeout(() => {
      this.timer = null
      this.busy = this.take().finally(() => {
        this.busy = null
        this.schedule()
      })
    }, wait)
  }

  private async take(): Promise<void> {
    this.dirty = false
    this.lastAt = this.clock()
    const at = this.lastAt - this.begin
    try {
      await this.sink.add(at, this.pointer())
      this.events.progress(at, this.sink.bytes)
    } catch (problem) {
      await this.broken(problem)
    }
  }

  /** What is in the file stays: completing it is tried, and only the first problem is told. */
  private async broken(problem: unknown): Promise<void> {
    if (this.over) return
    this.over = true
    await this.sink.finish('').catch(() => undefined)
    this.events.failed(problem)
  }
}
