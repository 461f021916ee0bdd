/**
 * Sends what waits in the outbox of recordings, one chunk at a time, beside the remote control and after it. While the server
 * cannot take it, it waits on the disk; what a closed tab left behind goes at the next start of the console.
 */

import { toHex, type Bytes } from '../../protocol/bytes'
import { sha256 } from '../../protocol/secure'
import type { Done } from '../../remote/recording/sealed-file'
import { ApiError } from '../../shared/http'

const IDLE_MS = 1000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** Nobody is logged in, or the disk or the quota is full: somebody may change that. */
const PASSING = new Set([401, 429, 507])

export interface Waiting {
  next(): Promise<{ number: number; chunk: Bytes } | null>
  remove(number: number): Promise<void>
  done(): Promise<Done | null>
}

/** The server's side of one recording. */
export interface Receiver {
  addChunk(number: number, chunk: Bytes, sha256: string): Promise<void>
  finish(done: Done): Promise<void>
  /** It broke off: no more will come. */
  abandon(): Promise<void>
}

/** `refused`: the server does not want it for good. */
export type Outcome = 'finished' | 'abandoned' | ApiError

export interface UploadOptions {
  waiting: Waiting
  receiver: Receiver
  /** Whether more may come; when not, what is there is all. */
  isRecording: () => boolean
  /** Called for every try that failed and will be repeated. */
  delayed: (problem: ApiError) => void
  sleep: (ms: number) => Promise<void>
  /** How often to look again, a second apart, before what is not recorded any more counts as broken off. */
  patience: number
}

/** Resolves when everything is sent, or never will be. */
export async function upload(options: UploadOptions): Promise<Outcome> {
  let pause = FIRST_PAUSE_MS
  let looks = 0
  for (;;) {
    try {
      const outcome = await step(options, looks >= options.patience)
      if (outcome !== 'sent' && outcome !== 'nothing') return outcome
      looks = outcome === 'sent' || options.isRecording() ? 0 : looks + 1
      pause = FIRST_PAUSE_MS
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (!passes(problem)) return problem
      options.delayed(problem)
      await options.sleep(pause)
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    }
  }
}

/** One chunk, or the end. */
async function step(
  { waiting, receiver, isRecording, sleep }: UploadOptions,
  mayEnd: boolean,
): Promise<Outcome | 'sent' | 'nothing'> {
  // Asked before looking: what is laid down last is then seen by the look.
  const more = isRecording()
  const found = await waiting.next()
  if (found !== null) {
    await receiver.addChunk(found.number, found.chunk, toHex(await sha256(found.chunk)))
    await waiting.remove(found.number)
    return 'sent'
  }
  const done = await waiting.done()
  if (done !== null) {
    await receiver.finish(done)
    return 'finished'
  }
  if (!more && mayEnd) {
    await receiver.abandon()
    return 'abandoned'
  }
  await sleep(IDLE_MS)
  return 'nothing'
}

const passes = ({ status }: ApiError): boolean => status === 0 || status >= 500 || PASSING.has(status)
