/** The uploads of this console. A lock of the browser keeps two tabs from sending the same recording. */

import { shallowRef } from 'vue'
import { Outbox } from '../../remote/recording/spool'
import { recordings } from '../../shared/auth'
import { ApiError } from '../../shared/http'
import { upload, type Outcome } from './upload'

const LOCK = 'wizhelper recording '
/** Completing a file may take so long (LAST_FRAMES_MS of remote/session.ts, and some more). */
const PATIENCE = 15
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Why recordings wait in this browser at the moment; null while nothing does. */
export const delay = shallowRef<ApiError | null>(null)
/** How many recordings are being sent. */
export const sending = shallowRef(0)

/** Sends a recording while it is made; resolves when the server has it, or refuses it for good. */
export function follow(id: string, isRecording: () => boolean): Promise<Outcome> {
  return navigator.locks.request(LOCK + id, () => send(id, isRecording, PATIENCE))
}

/** What an earlier visit left behind. Call when somebody is logged in. */
export async function sendLeftovers(): Promise<void> {
  for (const id of await waiting()) {
    void navigator.locks.request(LOCK + id, { ifAvailable: true }, (lock) => (lock === null ? null : send(id, () => false, 0)))
  }
}

/** A browser that keeps no files (private windows of some) has nothing left behind. */
async function waiting(): Promise<string[]> {
  try {
    return await Outbox.waiting()
  } catch (problem) {
    if (problem instanceof DOMException || problem instanceof TypeError) return []
    throw problem
  }
}

async function send(id: string, isRecording: () => boolean, patience: number): Promise<Outcome> {
  sending.value += 1
  try {
    const outcome = await upload({
      waiting: await Outbox.of(id),
      receiver: {
        addChunk: async (number, chunk, digest) => {
          await recordings.addChunk(id, number, chunk, digest)
          delay.value = null
        },
        finish: (done) => recordings.finish(id, done),
        abandon: () => recordings.abandon(id),
      },
      isRecording,
      delayed: (problem) => (delay.value = problem),
      sleep,
      patience,
    })
    await Outbox.forget(id)
    return outcome
  } finally {
    sending.value -= 1
    if (sending.value === 0) delay.value = null
  }
}
