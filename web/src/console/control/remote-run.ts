/** Addresses opened and commands run on the customer's PC, with what came back. RC-URL RC-EXEC */

import { computed, ref, shallowReactive, type ComputedRef } from 'vue'
import { Channel, COMMAND, URL_PUSH } from '../../protocol/channels'
import { decode, encode, isCommand, type Shell } from '../../protocol/execute'
import { safeOutput } from '../../shared/safe-text'
import type { ToolLink } from './tool-link'

/** Kept of one command; the agent itself ends it after a mebibyte. */
const MAX_SHOWN = 200_000
const MAX_RUNS = 50
const MAX_PIECE = 20_000

export interface Piece {
  readonly error: boolean
  text: string
}

export interface Job {
  readonly request: number
  readonly kind: 'url' | 'command'
  readonly what: string
  readonly pieces: Piece[]
  state: 'running' | 'done'
  exit: number | null
  /** Why it did not run, or not to its end; "" when it did. */
  code: string
}

export interface RemoteRun {
  jobs: readonly Job[]
  open: (url: string) => boolean
  run: (shell: Shell, command: string) => boolean
  stop: (job: Job) => void
  mayOpen: ComputedRef<boolean>
  mayRun: ComputedRef<boolean>
}

export function useRemoteRun(link: ToolLink): RemoteRun {
  const jobs = shallowReactive<Job[]>([])
  const next = ref(0)
  const find = (request: number): number => jobs.findIndex((job) => job.request === request && job.state === 'running')

  function begin(kind: Job['kind'], what: string): number {
    next.value += 1
    jobs.unshift({ request: next.value, kind, what, pieces: [], state: 'running', exit: null, code: '' })
    jobs.splice(MAX_RUNS)
    return next.value
  }

  /** The list is shallow: a job that changed is put in anew. */
  function change(request: number, changes: (job: Job) => Partial<Job>): void {
    const index = find(request)
    const job = jobs[index]
    if (job !== undefined) jobs[index] = { ...job, ...changes(job) }
  }

  function output(request: number, error: boolean, text: string): void {
    change(request, (job) => {
      const shown = job.pieces.reduce((sum, piece) => sum + piece.text.length, 0)
      const room = MAX_SHOWN - shown
      return room <= 0 ? {} : { pieces: [...job.pieces, { error, text: safeOutput(text, Math.min(room, MAX_PIECE)) }] }
    })
  }

  link.listen(Channel.EXEC, (body) => {
    const message = decode(body)
    if (message.type === 'output') output(message.request, message.error, message.text)
    else change(message.request, () => ({ state: 'done', exit: message.exit, code: message.code }))
  })
  // The agent ends what ran on a link that is gone.
  link.greeted(() => {
    for (const job of jobs) change(job.request, () => ({ state: 'done', code: 'CONNECTION_LOST' }))
  })

  return {
    jobs,
    open: (url) => link.rights.value.has(URL_PUSH) && link.send(Channel.EXEC, encode({ type: 'open', request: begin('url', url), url })),
    run: (shell, command) => {
      if (!isCommand(command) || !link.rights.value.has(COMMAND)) return false
      return link.send(Channel.EXEC, encode({ type: 'run', request: begin('command', command), shell, command }))
    },
    stop: (job) => link.send(Channel.EXEC, encode({ type: 'stop', request: job.request })),
    mayOpen: computed(() => link.rights.value.has(URL_PUSH)),
    mayRun: computed(() => link.rights.value.has(COMMAND)),
  }
}
