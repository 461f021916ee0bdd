/**
 * Remote control of one support session, as a page uses it: give it a canvas, listen to its events, use its `input`.
 *
 * It opens a control, keeps the link alive, and makes a new link when one is lost; the support session itself goes on
 * whatever happens here, unless `end` is called. A canvas serves one RemoteSession.
 */

import { sameBytes, type Bytes } from '../protocol/bytes'
import { CONTROL, Channel } from '../protocol/channels'
import { encode as encodeControl, type Doing, type Identity, type SasPolicy, type Trust } from '../protocol/control'
import { encode as encodeInput } from '../protocol/input'
import { ALL_MONITORS, encodeViewer, type Colours, type Quality, type Stats, type Trouble, type ViewerMessage } from '../protocol/screen'
import { systemRandom } from '../protocol/secure'
import { openBackend, type Backend, type OpenBackend } from './backend'
import { cssCursor } from './cursor'
import type { Geometry } from './decoder'
import { endingOfError, type Ending } from './endings'
import type { EngineEvent, EngineOutput } from './engine'
import { browserEnvironment } from './environment'
import { Emitter } from './events'
import { InputController } from './input'
import { operatorKey } from './operator-key'
import { RecordingControl, type RecordingView, type SealTarget } from './recording/control'
import { RemotePointer, type PointerMark } from './remote-pointer'
import { AGENT_OFFLINE, Retry, refusalOf } from './retry'
import { decodableVideo } from './video'
import { Watchdog } from './watchdog'

export interface ControlTicket {
  readonly ticket: string
  /** 32 hex digits. */
  readonly sid: string
  readonly viewer: string
  /** Path of the relay's socket on this origin. */
  readonly path: string
}

export interface RemoteSessionOptions {
  readonly sessionId: string
  readonly canvas: HTMLCanvasElement
  /** Asks the server for one control. Errors with a `code` and a `status` are understood as the server's refusals. */
  readonly openControl: (sessionId: string) => Promise<ControlTicket>
  /** Resolves when, after AGENT_OFFLINE, it is worth trying again. */
  readonly isAgentOnline: () => Promise<void>
  readonly operatorName: string
  readonly version: string
}

/** What the session takes from the browser; tests pass their own. */
export interface SessionDependencies {
  readonly openBackend: OpenBackend
  readonly operatorKey: () => Promise<CryptoKeyPair>
  /** Milliseconds that only go forward. */
  readonly clock: () => number
  /** 0 <= number < 1. */
  readonly random: () => number
  readonly socketUrl: (path: string) => string
  readonly log: (text: string, problem: unknown) => void
}

export type SessionState = 'connecting' | 'securing' | 'open' | 'reconnecting' | 'ended' | 'failed'
export type CaptureMode = 'fast' | 'compatible'

export interface View {
  readonly capture: CaptureMode
  readonly cursor: boolean
  readonly quality: Quality
  readonly colours: Colours
  /** Index in the list of `geometry`, or ALL_MONITORS. */
  readonly monitor: number
}

export interface SessionEvents {
  /** `code`: why it ended or failed, or why the last link was lost. */
  state: { state: SessionState; code?: string }
  /** The lock state. `sas`: the confirmation number of this link, six digits. */
  trust: { trust: Trust; sas: string; sasPolicy: SasPolicy; permissions: readonly string[]; resumed: boolean }
  /** What the agent says of itself: untrusted text. */
  peer: Identity
  /** Once a second. `latencyMs`: capture -> drawn, null without frames; `rttMs`: null before the first answer. */
  stats: { latencyMs: number | null; rttMs: number | null; fps: number; kbitS: number; capture: string; codec: string; width: number; height: number }
  /** Why there is no picture, or only a black one; null when it is back and at the beginning of each link. */
  trouble: Trouble | null
  /** The remote pointer, to be drawn while it is elsewhere than the operator's own. */
  pointer: PointerMark | null
  geometry: Geometry
  recording: RecordingView
  /** Of a tool's channel: as untrusted as the agent. */
  message: { channel: Channel; body: Bytes }
  /** Milliseconds from `start` to the first picture; once. */
  firstPicture: number
}

/** Between the last message and the end of the engine. */
const LAST_WORDS_MS = 500
/** How long completing a recording may take before the engine is ended all the same. */
const LAST_FRAMES_MS = 10_000

const browser: SessionDependencies = {
  openBackend,
  operatorKey,
  clock: () => performance.now(),
  random: () => new DataView(systemRandom(4).buffer).getUint32(0) / 2 ** 32,
  socketUrl: (path) => {
    const url = new URL(path, location.href)
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
    return url.href
  },
  log: browserEnvironment.log,
}

export class RemoteSession {
  readonly input: InputController
  private readonly events = new Emitter<SessionEvents>()
  private readonly retry: Retry
  private readonly watchdog: Watchdog
  private readonly pointer: RemotePointer
  private readonly recording: RecordingControl
  private backend: Backend | null = null
  private state: SessionState | 'idle' | 'closed' = 'idle'
  private link = 0
  private everOpen = false
  private pictured = false
  private startedAt = 0
  private sas = ''
  private stats: Stats | null = null
  private rttMs: number | null = null
  private view: View = { capture: 'fast', cursor: true, quality: 'auto', colours: 'full', monitor: ALL_MONITORS }
  private viewSent: Bytes | null = null
  private paused = false
  private size = { width: 0, height: 0 }
  private shots: ((png: Blob | null) => void)[] = []

  constructor(
    private readonly options: RemoteSessionOptions,
    private readonly parts: SessionDependencies = browser,
  ) {
    this.pointer = new RemotePointer(parts.clock)
    this.recording = new RecordingControl(
      parts.clock,
      (command) => this.backend?.post(command),
      (view) => {
        this.recorded(view)
      },
    )
    this.retry = new Retry(parts.random, () => void this.connect())
    this.watchdog = new Watchdog(
      () => this.backend?.post({ type: 'alive' }),
      () => {
        this.finish({ kind: 'failed', code: 'ENGINE_STALLED' })
      },
    )
    this.input = new InputController({
      canvas: options.canvas,
      picture: () => this.size,
      send: (message) => {
        this.send(Channel.INPUT, encodeInput(message))
        if (message.type !== 'pointer') return
        this.pointer.sent(message)
        this.tellPointer()
      },
    })
  }

  /** Listen; returns the function that ends listening. */
  on<K extends keyof SessionEvents>(name: K, handler: (value: SessionEvents[K]) => void): () => void {
    return this.events.on(name, handler)
  }

  /** Once. */
  start(): void {
    if (this.state !== 'idle') return
    this.startedAt = this.parts.clock()
    this.become('connecting')
    try {
      this.backend = this.parts.openBackend(this.options.canvas, (output) => {
        this.hear(output)
      })
    } catch (problem) {
      this.finish(endingOfError(problem))
      return
    }
    this.watchdog.start()
    void this.connect()
  }

  /** Leaves the remote control; the support session goes on. Only a recording that is being completed is still told. */
  close(): void {
    this.stop('closed', { kind: 'ended', code: 'CLOSED' })
    this.recording.afterwards(() => {
      this.events.clear()
    })
  }

  /** Ends the support session: the agent is told, if it is there. The server must be told by the caller. */
  end(): void {
    if (this.isOver()) return
    this.send(Channel.CONTROL, encodeControl({ type: 'end', reason: 'operator_ended' }))
    this.finish({ kind: 'ended', code: 'operator_ended' })
  }

  /** While paused, for example in a hidden tab, the agent sends no pictures. */
  setPaused(paused: boolean): void {
    if (paused === this.paused) return
    this.paused = paused
    this.wish({ type: 'pause', paused })
  }

  /** Have the whole picture sent again. */
  refresh(): void {
    this.wish({ type: 'refresh' })
  }

  /** The remote picture as PNG, pixel by pixel; null without a picture or when the browser cannot make one. */
  screenshot(): Promise<Blob | null> {
    const { backend } = this
    if (backend === null || !this.pictured) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.shots.push(resolve)
      backend.post({ type: 'shot' })
    })
  }

  /** Records until `stopRecording` or the end, `target` null: into the browser's own files. The agent is told, and tells the customer. */
  record(name: string, target: SealTarget | null = null): void {
    if (this.pictured && !this.isOver()) this.recording.start(name, target)
  }

  stopRecording(): void {
    this.recording.stop()
  }

  /** A place to jump to, if there is a recording; `kind` is a key of the words. */
  mark(kind: string): void {
    this.recording.mark(kind)
  }

  private recorded(view: RecordingView): void {
    if (view.state === 'starting') this.note('recording_started')
    if (view.state === 'off') this.note('recording_stopped')
    this.events.emit('recording', view)
  }

  /** Kept for later links too. */
  setView(view: View): void {
    this.view = { ...view }
    if (!view.cursor) this.options.canvas.style.cursor = ''
    this.tellPointer()
    this.sendView()
  }

  /** A message of a tool, whose memory may not be used afterwards. False: there is no link, nothing was sent. */
  sendTo(channel: Channel, body: Bytes): boolean {
    if (this.state !== 'open') return false
    // Files are many bytes: their memory is handed over instead of copied.
    this.backend?.post({ type: 'send', channel, body }, channel === Channel.FILES ? [body.buffer] : [])
    return true
  }

  /** Tells the customer, and the session's record, what is done with the picture here. */
  note(doing: Doing): void {
    this.send(Channel.CONTROL, encodeControl({ type: 'note', doing }))
  }

  private sendView(): void {
    const wish = encodeViewer({ type: 'view', ...this.view })
    const sent = this.viewSent
    if (this.state !== 'open' || (sent !== null && sameBytes(sent, wish))) return
    this.viewSent = wish
    this.send(Channel.SCREEN, wish)
  }

  private wish(message: ViewerMessage): void {
    this.send(Channel.SCREEN, encodeViewer(message))
  }

  private send(channel: Channel, body: Uint8Array<ArrayBuffer>): void {
    if (this.state === 'open') this.backend?.post({ type: 'send', channel, body })
  }

  private async connect(): Promise<void> {
    try {
      const key = await this.parts.operatorKey()
      const { ticket, sid, path } = await this.options.openControl(this.options.sessionId)
      if (this.isOver()) return
      this.link += 1
      const { operatorName, version } = this.options
      const url = this.parts.socketUrl(path)
      this.backend?.post({ type: 'connect', link: this.link, url, ticket, sid, key, operatorName, version })
    } catch (problem) {
      await this.refused(problem)
    }
  }

  private async refused(problem: unknown): Promise<void> {
    if (this.isOver()) return
    const refusal = refusalOf(problem)
    if (refusal.code === 'INTERNAL') this.parts.log('control failed', problem)
    if (refusal.code !== AGENT_OFFLINE) {
      this.lost(refusal)
      return
    }
    this.become(this.everOpen ? 'reconnecting' : 'connecting', refusal.code)
    try {
      await this.options.isAgentOnline()
    } catch (failure) {
      if (!this.isOver()) this.lost(refusalOf(failure))
      return
    }
    if (!this.isOver()) await this.connect()
  }

  private hear(output: EngineOutput): void {
    if (output.type === 'alive') this.watchdog.answered()
    else if (output.type === 'shot') this.shots.shift()?.(output.png)
    else if (output.type === 'recording') this.recording.hear(output)
    else if (output.type === 'broken') this.finish({ kind: 'failed', code: 'INTERNAL' })
    else if (output.link === this.link && !this.isOver()) this.react(output.event)
  }

  private react(event: EngineEvent): void {
    switch (event.type) {
      case 'paired':
        if (!this.everOpen) this.become('securing')
        return
      case 'established':
        this.opened(event.peer, event.sas)
        return
      case 'welcome':
        this.welcomed(event)
        return
      case 'stats':
        this.stats = event.stats
        this.tellStats()
        return
      case 'trouble':
        this.events.emit('trouble', event.trouble)
        return
      case 'rtt':
        this.rttMs = event.ms
        return
      case 'geometry':
        this.size = { width: event.width, height: event.height }
        this.events.emit('geometry', { width: event.width, height: event.height, monitors: event.monitors, shown: event.shown })
        return
      case 'cursor':
        if (this.view.cursor) this.options.canvas.style.cursor = cssCursor(event.shape)
        this.pointer.shaped(event.shape)
        this.tellPointer()
        return
      case 'pointer':
        this.pointer.moved(event.place)
        this.tellPointer()
        return
      case 'pictured':
        if (!this.pictured) this.events.emit('firstPicture', this.parts.clock() - this.startedAt)
        this.pictured = true
        return
      case 'message':
        this.events.emit('message', { channel: event.channel, body: event.body })
        return
      case 'closed':
        this.lost(event.ending)
    }
  }

  private opened(peer: Identity, sas: string): void {
    this.sas = sas
    this.everOpen = true
    this.viewSent = null
    this.retry.succeeded()
    this.become('open')
    void decodableVideo().then((decoders) => {
      if (decoders.length > 0) this.wish({ type: 'caps', decoders })
    })
    this.sendView()
    if (this.paused) this.wish({ type: 'pause', paused: true })
    if (!this.recording.isOff) this.note('recording_started')
    this.events.emit('peer', peer)
    this.events.emit('trouble', null)
  }

  private welcomed({ permissions, sasPolicy, trust, resumed }: EngineEvent & { type: 'welcome' }): void {
    const proven = sasPolicy !== 'required' || trust !== 'unverified'
    this.input.enabled = proven && permissions.includes(CONTROL)
    this.events.emit('trust', { trust, sas: this.sas, sasPolicy, permissions, resumed })
  }

  private tellPointer(): void {
    this.events.emit('pointer', this.view.cursor ? this.pointer.mark() : null)
  }

  private tellStats(): void {
    if (this.stats === null) return
    const { latency_ms: latencyMs, fps, kbit_s: kbitS, capture, codec, width, height } = this.stats
    this.events.emit('stats', { latencyMs, rttMs: this.rttMs, fps, kbitS, capture, codec, width, height })
  }

  private lost(ending: Ending): void {
    this.input.enabled = false
    if (ending.kind === 'ended' || ending.kind === 'failed') {
      this.finish(ending)
      return
    }
    this.become(this.everOpen ? 'reconnecting' : 'connecting', ending.code)
    if (ending.kind === 'resume_refused') this.retry.now()
    else this.retry.later()
  }

  private finish(ending: Ending): void {
    if (this.isOver()) return
    const state = ending.kind === 'failed' ? 'failed' : 'ended'
    this.stop(state, ending)
    this.events.emit('state', { state, code: ending.code })
  }

  private stop(state: 'ended' | 'failed' | 'closed', ending: Ending): void {
    this.input.release()
    this.input.enabled = false
    this.recording.stop()
    this.state = state
    this.retry.cancel()
    this.watchdog.stop()
    const backend = this.backend
    this.backend = null
    for (const waiting of this.shots.splice(0)) waiting(null)
    if (backend === null) return
    backend.post({ type: 'disconnect', ending, forget: true })
    const end = (): void => {
      backend.terminate()
    }
    // What was sent before the end shall still leave, and a recording be completed.
    if (this.recording.isOff) setTimeout(end, LAST_WORDS_MS)
    else {
      this.recording.afterwards(end)
      setTimeout(end, LAST_FRAMES_MS)
    }
  }

  private become(state: SessionState, code?: string): void {
    this.state = state
    this.events.emit('state', code === undefined ? { state } : { state, code })
  }

  private isOver(): boolean {
    return this.state === 'ended' || this.state === 'failed' || this.state === 'closed'
  }
}
