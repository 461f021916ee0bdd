/** Video streams of an agent, decoded by the browser (WebCodecs), one picture for each that comes in. */

import type { Bytes } from '../protocol/bytes'
import { VIDEO_CODECS, type VideoCodec } from '../protocol/screen'
import type { Picture } from './surface'

/** A picture that takes longer is not coming: the decoder holds it back, or the stream is broken. */
const DECODE_MS = 5000
const CONFIGS: Record<VideoCodec, VideoDecoderConfig> = {
  vp8: { codec: 'vp8' },
  // Main profile at level 4.2; what the stream itself says counts.
  h264: { codec: 'avc1.4D402A' },
}
const MICROSECONDS = 33_000

/** Pictures of one stream; they have the stream's size, or `decode` rejects. */
export interface VideoStream<P extends Picture> {
  decode(data: Bytes, key: boolean): Promise<P>
  close(): void
}

/** A decoded frame that a canvas can draw. */
export class FramePicture implements Picture {
  readonly width: number
  readonly height: number

  constructor(readonly frame: VideoFrame) {
    this.width = frame.displayWidth
    this.height = frame.displayHeight
  }

  close(): void {
    this.frame.close()
  }
}

/** The names of codecs that this browser decodes, as CAPS wants them. */
export async function decodableVideo(): Promise<VideoCodec[]> {
  if (!('VideoDecoder' in globalThis)) return []
  const works = await Promise.all(
    VIDEO_CODECS.map((codec) =>
      VideoDecoder.isConfigSupported(CONFIGS[codec]).then(
        ({ supported }) => supported === true,
        () => false,
      ),
    ),
  )
  return VIDEO_CODECS.filter((_, i) => works[i])
}

interface Waiting {
  resolve(picture: FramePicture): void
  reject(problem: Error): void
}

export class BrowserVideoStream implements VideoStream<FramePicture> {
  private waiting: Waiting | null = null
  private stamp = 0
  private readonly decoder: VideoDecoder

  constructor(
    codec: VideoCodec,
    private readonly width: number,
    private readonly height: number,
  ) {
    this.decoder = new VideoDecoder({
      output: (frame) => { this.came(frame) },
      error: (problem) => { this.settle()?.reject(problem) },
    })
    this.decoder.configure({ ...CONFIGS[codec], codedWidth: width, codedHeight: height, optimizeForLatency: true })
  }

  /** One after the other. */
  decode(data: Bytes, key: boolean): Promise<FramePicture> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => this.settle()?.reject(new Error('no picture')), DECODE_MS)
      this.waiting = {
        resolve: (picture) => {
          clearTimeout(limit)
          resolve(picture)
        },
        reject: (problem) => {
          clearTimeout(limit)
          reject(problem)
        },
      }
      try {
        this.decoder.decode(new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp: (this.stamp += MICROSECONDS), data }))
      } catch (problem) {
        this.settle()?.reject(problem instanceof Error ? problem : new Error(String(problem)))
      }
    })
  }

  close(): void {
    this.settle()?.reject(new Error('closed'))
    if (this.decoder.state !== 'closed') this.decoder.close()
  }

  private came(frame: VideoFrame): void {
    const waiting = this.settle()
    if (waiting === null) frame.close()
    else if (frame.displayWidth === this.width && frame.displayHeight === this.height) waiting.resolve(new FramePicture(frame))
    else {
      frame.close()
      waiting.reject(new Error('picture of another size'))
    }
  }

  private settle(): Waiting | null {
    const { waiting } = this
    this.waiting = null
    return waiting
  }
}
