/**
 * The remote control's machine: link -> decode -> draw -> acknowledge. It runs in a worker or, where there is no
 * OffscreenCanvas, on the page's own thread; it knows neither. Commands go in by `handle`, events come out by `emit`, both
 * plain values that can be posted between threads.
 */

import { toHex, type Bytes } from '../protocol/bytes'
import { Channel } from '../protocol/channels'
import type { ControlMessage, Identity, SasPolicy, Trust } from '../protocol/control'
import type { Stats, Trouble } from '../protocol/screen'
import { SigningKey } from '../protocol/secure'
import { Connection, type ConnectionEvents } from './connection'
import type { CursorShape, Geometry, Place } from './decoder'
import { endingOfError, type Ending } from './endings'
import type { Environment } from './environment'
import type { RecordingCommand, RecordingOutput, RecordingProblem, SealTarget } from './recording/control'
import { Recorder, type FrameSink, type Pointer } from './recording/recorder'
import { ScreenRun } from './screen-run'
import type { Picture, Surface } from './surface'

const MINUTE_MS = 60_000
/** How long the secret of a lost link may be used for the next one. */
export const RESUME_MS = 10 * MINUTE_MS
const MAX_REASON_LENGTH = 40

/** Where and as whom to connect; `link` numbers the tries, so that late events of an older one are recognised. */
export interface ConnectCommand {
  readonly type: 'connect'
  readonly link: number
  readonly url: string
  readonly ticket: string
  readonly sid: string
  readonly key: CryptoKeyPair
  readonly operatorName: string
  readonly version: string
}

export type Command =
  | ConnectCommand
  | { readonly type: 'send'; readonly channel: Channel; readonly body: Bytes }
  /** Close the link with this ending, after what was sent before. `forget`: the resume secret too. */
  | { readonly type: 'disconnect'; readonly ending: Ending; readonly forget: boolean }
  | { readonly type: 'shot' }
  | RecordingCommand
  | { readonly type: 'alive' }

export type EngineEvent =
  | { readonly type: 'paired' }
  | { readonly type: 'established'; readonly peer: Identity; readonly sas: string; readonly resumed: boolean }
  | {
      readonly type: 'welcome'
      readonly permissions: readonly string[]
      readonly sasPolicy: SasPolicy
      readonly trust: Trust
      readonly resumed: boolean
    }
  | { readonly type: 'stats'; readonly stats: Stats }
  | { readonly type: 'trouble'; readonly trouble: Trouble | null }
  | { readonly type: 'rtt'; readonly ms: number }
  | ({ readonly type: 'geometry' } & Geometry)
  | { readonly type: 'cursor'; readonly shape: CursorShape }
  | { readonly type: 'pointer'; readonly place: Place }
  /** The first update with pixels of this link is on the canvas. */
  | { readonly type: 'pictured' }
  /** Of a tool's channel. */
  | { readonly type: 'message'; readonly channel: Channel; readonly body: Bytes }
  | { readonly type: 'closed'; readonly ending: Ending }

export type EngineOutput =
  | { readonly type: 'event'; readonly link: number; readonly event: EngineEvent }
  | { readonly type: 'alive' }
  /** The picture as PNG, one for each command `shot`; null if the browser could not make it. */
  | { readonly type: 'shot'; readonly png: Blob | null }
  | RecordingOutput
  /** The thread of the engine failed; nothing more comes. */
  | { readonly type: 'broken' }

interface Resume {
  readonly secret: Bytes
  readonly since: number
}

/** Begins a recording of this surface; rejects where the browser cannot. */
export type OpenRecording<P extends Picture> = (name: string, target: SealTarget | null, surface: Surface<P>) => Promise<FrameSink>

export class Engine<P extends Picture> {
  private connection: Connection | null = null
  /** The link that is wanted now; null after a disconnect. */
  private wanted: number | null = null
  private resume: Resume | null = null
  private sending: Promise<void> = Promise.resolve()
  private recorder: Recorder | null = null
  private opening: Promise<void> = Promise.resolve()
  private pointer: Pointer = { shape: null, place: null }

  constructor(
    private readonly surface: Surface<P>,
    private readonly environment: Environment,
    private readonly emit: (output: EngineOutput) => void,
    /** Null: this thread cannot record. */
    private readonly openRecording: OpenRecording<P> | null = null,
  ) {}

  handle(command: Command): void {
    switch (command.type) {
      case 'connect':
        this.connect(command).catch((problem: unknown) => {
          this.environment.log('connect failed', problem)
          this.emit({ type: 'event', link: command.link, event: { type: 'closed', ending: endingOfError(problem) } })
        })
        return
      case 'send':
        this.sending = this.connection?.send(command.channel, command.body) ?? this.sending
        return
      case 'disconnect':
        void this.disconnect(command.ending, command.forget)
        return
      case 'shot':
        void this.shoot()
        return
      case 'record':
        this.opening = this.record(command.name, command.target)
        return
      case 'record_stop':
        void this.stopRecording(command.marks)
        return
      case 'alive':
        this.emit({ type: 'alive' })
    }
  }

  private async shoot(): Promise<void> {
    const png = await this.surface.toPng().catch((problem: unknown) => {
      this.environment.log('no screenshot', problem)
      return null
    })
    this.emit({ type: 'shot', png })
  }

  private async record(name: string, target: SealTarget | null): Promise<void> {
    if (this.openRecording === null) {
      this.emit({ type: 'recording', state: 'off', problem: 'unsupported' })
      return
    }
    try {
      const sink = await this.openRecording(name, target, this.surface)
      this.recorder = new Recorder(sink, this.environment.clock, {
        progress: (ms, bytes) => { this.emit({ type: 'recording', state: 'on', ms, bytes }) },
        failed: (problem) => { this.recordingFailed(problem) },
      })
      this.recorder.pointed(this.pointer)
      this.emit({ type: 'recording', state: 'on', ms: 0, bytes: sink.bytes })
    } catch (problem) {
      this.recordingFailed(problem)
    }
  }

  private recordingFailed(problem: unknown): void {
    this.recorder = null
    this.environment.log('recording failed', problem)
    this.emit({ type: 'recording', state: 'off', problem: recordingProblem(problem) })
  }

  private async stopRecording(marks: string): Promise<void> {
    await this.opening
    const { recorder } = this
    if (recorder === null) return
    await recorder.stop(marks)
    // It may have failed on the way, which was told already.
    if (this.recorder !== recorder) return
    this.recorder = null
    this.emit({ type: 'recording', state: 'off', problem: null })
  }

  private pointed(pointer: Partial<Pointer>): void {
    this.pointer = { ...this.pointer, ...pointer }
    this.recorder?.pointed(pointer)
  }

  private async connect(command: ConnectCommand): Promise<void> {
    this.connection?.finish({ kind: 'retry', code: 'CONNECTION_LOST' })
    this.wanted = command.link
    const key = await SigningKey.fromPair(command.key)
    if (this.wanted !== command.link) return
    const options = { ...command, identity: identityOf(command, key), key, resume: this.usableResume() }
    this.connection = new Connection(options, this.environment, this.eventsOf(command.link))
  }

  private async disconnect(ending: Ending, forget: boolean): Promise<void> {
    const { connection, wanted } = this
    this.wanted = null
    await this.sending
    if (connection !== null) connection.finish(ending)
    else if (wanted !== null) this.emit({ type: 'event', link: wanted, event: { type: 'closed', ending } })
    if (forget) this.resume = null
  }

  private usableResume(): Bytes | null {
    if (this.resume !== null && this.environment.clock() - this.resume.since >= RESUME_MS) this.resume = null
    return this.resume?.secret ?? null
  }

  private eventsOf(link: number): ConnectionEvents {
    const tell = (event: EngineEvent): void => {
      this.emit({ type: 'event', link, event })
    }
    const screen = new ScreenRun(this.surface, this.environment.clock, {
      stats: (stats) => { tell({ type: 'stats', stats }) },
      trouble: (trouble) => { tell({ type: 'trouble', trouble }) },
      geometry: (geometry) => { tell({ type: 'geometry', ...geometry }) },
      cursor: (shape) => {
        this.pointed({ shape })
        tell({ type: 'cursor', shape })
      },
      pointer: (place) => {
        this.pointed({ place })
        tell({ type: 'pointer', place })
      },
      drawn: () => this.recorder?.changed(),
      pictured: () => { tell({ type: 'pictured' }) },
      reply: (body) => void this.connection?.send(Channel.SCREEN, body),
    })
    return {
      paired: () => { tell({ type: 'paired' }) },
      established: (event) => {
        this.resume = { secret: event.resumeSecret, since: Infinity }
        tell({ type: 'established', peer: event.peer, sas: event.sas, resumed: event.resumed })
      },
      control: (message) => { this.control(message, tell) },
      screen: (body, receivedAt) => screen.receive(body, receivedAt),
      tool: (channel, body) => { tell({ type: 'message', channel, body }) },
      roundTrip: (ms) => { tell({ type: 'rtt', ms }) },
      closed: (ending) => {
        screen.stop()
        this.connection = this.wanted = null
        this.closed(ending)
        tell({ type: 'closed', ending })
      },
    }
  }

  private control(message: ControlMessage, tell: (event: EngineEvent) => void): void {
    if (message.type === 'welcome') {
      const { permissions, sas_policy, trust, resumed } = message
      tell({ type: 'welcome', permissions, sasPolicy: sas_policy, trust, resumed })
    } else if (message.type === 'end') {
      this.connection?.finish({ kind: 'ended', code: message.reason.slice(0, MAX_REASON_LENGTH) })
    }
  }

  /** The ten minutes of the resume secret begin when its link is lost. */
  private closed(ending: Ending): void {
    if (ending.kind !== 'retry') this.resume = null
    else if (this.resume?.since === Infinity) this.resume = { secret: this.resume.secret, since: this.environment.clock() }
  }
}

function recordingProblem(problem: unknown): RecordingProblem {
  return problem instanceof DOMException && problem.name === 'QuotaExceededError' ? 'full' : 'failed'
}

function identityOf(command: ConnectCommand, key: SigningKey): Identity {
  const { operatorName: name, version } = command
  return { kind: 'operator', name, version, key: toHex(key.publicKey), host: '', user: '', os: '', os_version: '' }
}
