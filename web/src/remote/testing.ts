/** Fakes of the remote engine's tests: a surface that keeps pixels, and a relay in memory with an agent behind it. */

import type { Bytes } from '../protocol/bytes'
import { toHex } from '../protocol/bytes'
import { Channel } from '../protocol/channels'
import { encode, type Identity, type Welcome } from '../protocol/control'
import { AgentLink, type LinkEvent } from '../protocol/link'
import { SigningKey } from '../protocol/secure'
import type { Environment, Socket } from './environment'
import type { Picture, Surface } from './surface'
import type { Rect } from '../protocol/screen'

export class FakePicture implements Picture {
  closed = false
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}

  close(): void {
    this.closed = true
  }
}

/** Pixels as 0xRRGGBB numbers, and a list of what was done. */
export class FakeSurface implements Surface<FakePicture> {
  readonly calls: string[] = []
  readonly pictures: FakePicture[] = []
  pixels: number[][] = []

  resize(width: number, height: number): void {
    this.calls.push(`resize ${width}x${height}`)
    this.pixels = Array.from({ length: height }, () => Array.from({ length: width }, () => 0))
  }

  putPixels({ x, y, w, h }: Rect, rgba: Bytes): void {
    this.calls.push(`pixels ${x},${y} ${w}x${h}`)
    for (let row = 0; row < h; row += 1) {
      for (let column = 0; column < w; column += 1) {
        const at = 4 * (row * w + column)
        const [r = 0, g = 0, b = 0] = rgba.subarray(at, at + 3)
        this.pixels[y + row]![x + column] = (r << 16) | (g << 8) | b
      }
    }
  }

  drawPicture({ x, y, w, h }: Rect): void {
    this.calls.push(`picture ${x},${y} ${w}x${h}`)
  }

  copy({ x, y, w, h }: Rect, fromX: number, fromY: number): void {
    this.calls.push(`copy ${fromX},${fromY} -> ${x},${y}`)
    const before = this.pixels.map((row) => [...row])
    for (let row = 0; row < h; row += 1) {
      for (let column = 0; column < w; column += 1) this.pixels[y + row]![x + column] = before[fromY + row]![fromX + column]!
    }
  }

  size(): { width: number; height: number } {
    return { width: this.pixels[0]?.length ?? 0, height: this.pixels.length }
  }

  source(): CanvasImageSource {
    throw new Error('there is nothing to be drawn in tests')
  }

  toPng(): Promise<Blob> {
    return this.calls.length === 0 ? Promise.reject(new Error('no picture')) : Promise.resolve(new Blob([this.calls.join('\n')]))
  }

  openVideo(codec: string, width: number, height: number): { decode: (data: Bytes) => Promise<FakePicture>; close: () => void } {
    this.calls.push(`video ${codec} ${width}x${height}`)
    return {
      decode: (data) => this.decodeJpeg(data),
      close: () => this.calls.push(`video ends`),
    }
  }

  decodeJpeg(data: Bytes): Promise<FakePicture> {
    if (data.at(-1) === 0xee) return Promise.reject(new Error('broken'))
    const picture = new FakePicture(1, 1)
    this.pictures.push(picture)
    return Promise.resolve(picture)
  }
}

/** A JPEG as far as its frame header; the last byte 0xee makes FakeSurface fail. */
export function fakeJpeg(width: number, height: number, last = 0): Bytes {
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff]
  return Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0, last)
}

export class FakeSocket implements Socket {
  onopen: (() => void) | null = null
  onmessage: ((data: string | ArrayBuffer) => void) | null = null
  onclose: ((code: number) => void) | null = null
  readonly texts: string[] = []
  readonly frames: Bytes[] = []
  closed = false
  onFrame: ((data: Bytes) => void) | null = null

  constructor(readonly url: string) {}

  send(data: string | Bytes): void {
    if (typeof data === 'string') this.texts.push(data)
    else {
      this.frames.push(data)
      this.onFrame?.(data)
    }
  }

  close(): void {
    this.closed = true
  }

  deliver(data: Bytes): void {
    this.onmessage?.(data.slice().buffer)
  }

  pair(): void {
    this.onopen?.()
    this.onmessage?.('{"type":"joined"}')
    this.onmessage?.('{"type":"paired"}')
  }
}

export const SID = '07'.repeat(16)

/** The PC's end behind a FakeSocket. */
export class FakeAgent {
  readonly received: { channel: Channel; body: Bytes }[] = []
  resumeSecret: Bytes | null = null
  resumed = false
  problem: unknown = null

  private constructor(
    readonly link: AgentLink,
    private readonly socket: FakeSocket,
    private readonly welcome: Welcome | null,
  ) {}

  static async behind(socket: FakeSocket, resume: Bytes | null = null, welcome: Partial<Welcome> | null = {}): Promise<FakeAgent> {
    const key = await SigningKey.fromSecret(new Uint8Array(32).fill(5))
    const identity: Identity = {
      kind: 'one_time', name: 'PC-7', version: '0.1.0', key: toHex(key.publicKey), host: 'PC-7', user: 'kim', os: 'linux', os_version: '12',
    }
    const send = (data: Bytes): void => {
      socket.deliver(data)
    }
    const link = await AgentLink.start({ sid: new Uint8Array(16).fill(7), identity, key, resume, clock: () => 0, send })
    const said = welcome && { permissions: ['view', 'control'], sas_policy: 'shown' as const, trust: 'unverified' as const, resumed: false, ...welcome }
    const agent = new FakeAgent(link, socket, said)
    socket.onFrame = (data) => void agent.hear(data)
    return agent
  }

  async say(channel: Channel, body: Bytes): Promise<void> {
    await this.link.seal(channel, body)
  }

  /** Like a real agent: the first violation closes the link, which the relay tells the console with 4001. */
  private async hear(data: Bytes): Promise<void> {
    try {
      for (const event of await this.link.receive(data)) await this.handle(event)
    } catch (problem) {
      this.problem ??= problem
      this.socket.onclose?.(4001)
    }
  }

  private async handle(event: LinkEvent): Promise<void> {
    if (event.type === 'received') {
      this.received.push(event)
      return
    }
    this.resumeSecret = event.resumeSecret
    this.resumed = event.resumed
    if (this.welcome !== null) await this.say(Channel.CONTROL, encode({ type: 'welcome', ...this.welcome, resumed: event.resumed }))
  }
}

export class FakeNetwork {
  readonly sockets: FakeSocket[] = []
  readonly logged: unknown[] = []
  now = 1000

  readonly environment: Environment = {
    openSocket: (url) => {
      const socket = new FakeSocket(url)
      this.sockets.push(socket)
      return socket
    },
    clock: () => this.now,
    log: (_, problem) => void this.logged.push(problem),
  }
}
