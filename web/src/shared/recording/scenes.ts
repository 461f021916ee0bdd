/** Places of a recording to jump to: what the console marked, and what the session's record says happened meanwhile. */

import type { Mark } from '../../remote/recording/store'
import type { SessionEvent } from '../types'
import type { RecordingRow } from './recording-api'

export interface Scene {
  readonly ms: number
  /** `mark`: a word of recording.mark; `event`: a word of event. */
  readonly family: 'mark' | 'event'
  readonly kind: string
}

/** What was marked here and came into the record over the PC's program is one scene. */
const SAME_MS = 2000
/** Events that say what the recording itself shows. */
const OWN = /^recording_/

/** In their order. The server's clock and the console's differ by the way between them: an event may come some tenths early. */
export function scenesOf(recording: RecordingRow, marks: readonly Mark[], events: readonly SessionEvent[]): Scene[] {
  const begin = Date.parse(recording.begun_at)
  const length = recording.duration_ms ?? (recording.ended_at === null ? Infinity : Date.parse(recording.ended_at) - begin)
  const happened = events
    .filter(({ type }) => !OWN.test(type))
    .map(({ at, type }): Scene => ({ ms: Date.parse(at) - begin, family: 'event', kind: type }))
    .filter(({ ms }) => ms >= 0 && ms <= length)
  const marked = marks.map(({ kind, ms }): Scene => ({ ms, family: 'mark', kind }))
  const told = (event: Scene): boolean => marked.some(({ kind, ms }) => kind === event.kind && Math.abs(ms - event.ms) < SAME_MS)
  return [...happened.filter((event) => !told(event)), ...marked].sort((a, b) => a.ms - b.ms)
}
