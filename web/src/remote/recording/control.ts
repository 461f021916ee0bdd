/** A recording as the page sees it: start, marks, stop. The engine does the work in its worker. */

import type { Bytes } from '../../protocol/bytes'
import type { Clock } from '../../protocol/secure'
import type { Mark } from './store'

export type RecordingState = 'off' | 'starting' | 'on' | 'stopping'

/** Why there is no recording, or none any more: words of the console. */
export type RecordingProblem = 'unsupported' | 'full' | 'failed'

/** A recording for the appliance: its id, its content key, and the head of its chain before the first chunk. */
export interface SealTarget {
  readonly id: string
  readonly key: Bytes
  readonly head: Bytes
}

export type RecordingCommand =
  | { readonly type: 'record'; readonly name: string; readonly target: SealTarget | null }
  /** `marks`: JSON. */
  | { readonly type: 'record_stop'; readonly marks: string }

export type RecordingOutput =
  | { readonly type: 'recording'; readonly state: 'on'; readonly ms: number; readonly bytes: number }
  | { readonly type: 'recording'; readonly state: 'off'; readonly problem: RecordingProblem | null }

export interface RecordingView {
  readonly state: RecordingState
  readonly name: string
  readonly ms: number
  readonly bytes: number
  readonly problem: RecordingProblem | null
}

export const NOT_RECORDING: RecordingView = { state: 'off', name: '', ms: 0, bytes: 0, problem: null }
const MAX_MARKS = 10_000

export class RecordingControl {
  private view = NOT_RECORDING
  private marks: Mark[] = []
  private begin = 0
  private whenOff: (() => void)[] = []

  constructor(
    private readonly clock: Clock,
    private readonly post: (command: RecordingCommand) => void,
    private readonly show: (view: RecordingView) => void,
  ) {}

  get isOff(): boolean {
    return this.view.state === 'off'
  }

  /** `target` null: into a plain file of this browser. */
  start(name: string, target: SealTarget | null = null): void {
    if (this.view.state !== 'off') return
    this.marks = []
    this.begin = this.clock()
    this.become({ ...NOT_RECORDING, state: 'starting', name })
    this.post({ type: 'record', name, target })
  }

  stop(): void {
    if (this.view.state !== 'on' && this.view.state !== 'starting') return
    this.become({ ...this.view, state: 'stopping' })
    this.post({ type: 'record_stop', marks: JSON.stringify(this.marks) })
  }

  /** Something happened that somebody may want to jump to. */
  mark(kind: string): void {
    if (this.view.state === 'on' && this.marks.length < MAX_MARKS) this.marks.push({ kind, ms: Math.round(this.clock() - this.begin) })
  }

  hear(output: RecordingOutput): void {
    if (output.state === 'on') {
      const { ms, bytes } = output
      if (this.view.state === 'starting') this.begin = this.clock() - ms
      this.become({ ...this.view, state: this.view.state === 'stopping' ? 'stopping' : 'on', ms, bytes })
      return
    }
    this.become({ ...this.view, state: 'off', problem: output.problem })
    for (const done of this.whenOff.splice(0)) done()
  }

  /** `then` is called when nothing is being written any more: at once, if nothing is. */
  afterwards(then: () => void): void {
    if (this.isOff) then()
    else this.whenOff.push(then)
  }

  private become(view: RecordingView): void {
    this.view = view
    this.show(view)
  }
}
