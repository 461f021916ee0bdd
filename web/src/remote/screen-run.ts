/** The screen channel of one link at the console's end: updates in, pixels on the surface, acknowledgements out. */

import type { Bytes } from '../protocol/bytes'
import { RemoteProtocolError } from '../protocol/errors'
import { ScreenType, decodeStats, decodeTrouble, decodeUpdate, encodeViewer, type Stats, type Trouble } from '../protocol/screen'
import type { Clock } from '../protocol/secure'
import { UpdateDecoder, draw, type CursorShape, type Geometry, type Place, type Step } from './decoder'
import type { Picture, Surface } from './surface'

export interface ScreenEvents {
  stats(stats: Stats): void
  /** Why there is no picture; null when it is back. */
  trouble(trouble: Trouble | null): void
  geometry(geometry: Geometry): void
  cursor(shape: CursorShape): void
  pointer(place: Place): void
  /** The first update with pixels is on the surface. */
  pictured(): void
  /** The surface has changed. */
  drawn(): void
  /** A message for the agent. */
  reply(body: Bytes): void
}

export class ScreenRun<P extends Picture> {
  private readonly decoder: UpdateDecoder<P>
  private tail: Promise<void> = Promise.resolve()
  private stopped = false
  private pictured = false

  constructor(
    private readonly surface: Surface<P>,
    private readonly clock: Clock,
    private readonly events: ScreenEvents,
  ) {
    this.decoder = new UpdateDecoder(surface)
  }

  /** Resolves when the message was acted on. Rejects with RemoteProtocolError("BAD_SCREEN"). */
  receive(body: Bytes, receivedAt: number): Promise<void> {
    const result = this.tail.then(() => this.handle(body, receivedAt))
    // The one who called hears of the failure; the messages behind it are not looked at any more.
    this.tail = result.catch(() => {
      this.stop()
    })
    return result
  }

  /** Nothing is drawn from now on. */
  stop(): void {
    this.stopped = true
    this.decoder.close()
  }

  private async handle(body: Bytes, receivedAt: number): Promise<void> {
    if (this.stopped) return
    if (body[0] === ScreenType.STATS) this.events.stats(decodeStats(body))
    else if (body[0] === ScreenType.TROUBLE) this.events.trouble(decodeTrouble(body))
    else if (body[0] === ScreenType.UPDATE) await this.update(body, receivedAt)
    else throw new RemoteProtocolError('BAD_SCREEN', `message ${String(body[0])}`)
  }

  private async update(body: Bytes, receivedAt: number): Promise<void> {
    const update = decodeUpdate(body)
    const steps = await this.decoder.decode(update)
    if (this.isStopped()) {
      for (const step of steps) if (step.type === 'picture') step.picture.close()
      return
    }
    for (const step of steps) draw(this.surface, step)
    this.events.drawn()
    this.events.reply(encodeViewer({ type: 'ack', frameId: update.frameId, drawnMs: this.clock() - receivedAt }))
    this.tell(steps)
  }

  /** A method, because `stop` may come during a wait, which the compiler does not expect of a field. */
  private isStopped(): boolean {
    return this.stopped
  }

  private tell(steps: readonly Step<P>[]): void {
    for (const step of steps) {
      if (step.type === 'resize') this.events.geometry({ width: step.width, height: step.height, monitors: step.monitors, shown: step.shown })
      else if (step.type === 'cursor') this.events.cursor(step.shape)
      else if (step.type === 'pointer') this.events.pointer({ x: step.x, y: step.y })
      else if (!this.pictured && (step.type === 'pixels' || step.type === 'picture')) {
        this.pictured = true
        this.events.pictured()
      }
    }
  }
}
