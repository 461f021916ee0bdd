/**
 * Frames of a surface -> a seekable WebM file (VP9, else VP8), written as it grows: memory stays the same however long it takes,
 * and what was written survives a closed tab. Only in a worker: there alone a file can be
 * written in place.
 */

import { Output, StreamTarget, VideoSample, VideoSampleSource, WebMOutputFormat, canEncodeVideo, type StreamTargetChunk } from 'mediabunny'
import { utf8 } from '../../protocol/bytes'
import type { CursorShape } from '../decoder'
import type { Surface } from '../surface'
import type { FrameSink, Pointer, RecordingFile } from './recorder'
import { folder, marksOf } from './store'
import { openHandle, type SyncHandle } from './sync-file'

const CODECS = ['vp9', 'vp8'] as const
/** How far a jump has to decode. */
const KEY_FRAME_INTERVAL_S = 5
const BITS_PER_PIXEL_S = 1.5
const MIN_BITS_S = 1_000_000
const MAX_BITS_S = 6_000_000
const SECOND_MS = 1000

/** In the browser's own files. Rejects with DOMException "QuotaExceededError" when the disk or the browser's share of it is full. */
export class GrowingFile implements RecordingFile {
  bytes = 0
  readonly stream = new WritableStream<StreamTargetChunk>({
    write: ({ data, position }) => {
      this.handle.write(data, { at: position })
      this.bytes = Math.max(this.bytes, position + data.length)
    },
    close: () => {
      this.handle.flush()
      this.handle.close()
    },
  })

  private constructor(
    private readonly name: string,
    private readonly handle: SyncHandle,
  ) {}

  static async open(name: string): Promise<GrowingFile> {
    return new GrowingFile(name, await openHandle(await folder(), name))
  }

  async finish(marks: string): Promise<void> {
    const beside = await openHandle(await folder(), marksOf(this.name))
    beside.write(utf8(marks), { at: 0 })
    beside.flush()
    beside.close()
  }
}

async function codecFor(width: number, height: number): Promise<(typeof CODECS)[number]> {
  for (const codec of CODECS) if (await canEncodeVideo(codec, { width, height })) return codec
  throw new Error('no video encoder')
}

function bitrateFor(width: number, height: number): number {
  return Math.min(Math.max(width * height * BITS_PER_PIXEL_S, MIN_BITS_S), MAX_BITS_S)
}

export class WebmFile implements FrameSink {
  private readonly context: OffscreenCanvasRenderingContext2D
  private cursor: OffscreenCanvas | null = null
  private shape: CursorShape | null = null
  private lastMs = 0

  private constructor(
    private readonly surface: Surface,
    private readonly file: RecordingFile<StreamTargetChunk>,
    private readonly output: Output,
    private readonly source: VideoSampleSource,
    private readonly canvas: OffscreenCanvas,
  ) {
    this.context = context2d(canvas)
  }

  /** Rejects when the browser cannot encode video or keep a file. */
  static async open(file: RecordingFile<StreamTargetChunk>, surface: Surface): Promise<WebmFile> {
    const { width, height } = surface.size()
    const codec = await codecFor(width, height)
    const output = new Output({ format: new WebMOutputFormat(), target: new StreamTarget(file.stream) })
    const source = new VideoSampleSource({
      codec,
      bitrate: bitrateFor(width, height),
      keyFrameInterval: KEY_FRAME_INTERVAL_S,
      sizeChangeBehavior: 'contain',
      latencyMode: 'realtime',
      contentHint: 'text',
    })
    output.addVideoTrack(source)
    await output.start()
    return new WebmFile(surface, file, output, source, new OffscreenCanvas(width, height))
  }

  get bytes(): number {
    return this.file.bytes
  }

  async add(atMs: number, pointer: Pointer): Promise<void> {
    this.lastMs = atMs
    this.draw(pointer)
    const sample = new VideoSample(this.canvas, { timestamp: atMs / SECOND_MS })
    try {
      await this.source.add(sample)
    } finally {
      sample.close()
    }
  }

  async finish(marks: string): Promise<void> {
    await this.output.finalize()
    await this.file.finish(marks, this.lastMs)
  }

  private draw({ shape, place }: Pointer): void {
    const { width, height } = this.surface.size()
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width
      this.canvas.height = height
    }
    this.context.drawImage(this.surface.source(), 0, 0)
    if (shape === null || place === null) return
    const cursor = this.cursorOf(shape)
    if (cursor !== null) this.context.drawImage(cursor, place.x - shape.hotX, place.y - shape.hotY)
  }

  /** The pointer's picture as a canvas, which can be drawn with its transparency. */
  private cursorOf(shape: CursorShape): OffscreenCanvas | null {
    if (shape === this.shape) return this.cursor
    this.shape = shape
    if (shape.width === 0 || shape.height === 0) return (this.cursor = null)
    this.cursor = new OffscreenCanvas(shape.width, shape.height)
    const pixels = new Uint8ClampedArray(shape.rgba.slice().buffer)
    this.cursor.getContext('2d')?.putImageData(new ImageData(pixels, shape.width, shape.height), 0, 0)
    return this.cursor
  }
}

function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { alpha: false })
  if (context === null) throw new Error('no 2D context')
  return context
}
