/** Files in the events of a session's record. */

import type { SessionEvent } from './types'

const KINDS: ReadonlySet<string> = new Set(['file_sent', 'file_received'])

export function fileEvents(events: readonly SessionEvent[]): SessionEvent[] {
  return events.filter((event) => KINDS.has(event.type))
}

/** One fact of an event: what the PC's program said, thus untrusted text; "" if it said nothing. */
export function factOf(event: SessionEvent, name: string): string {
  const value = event.data?.[name]
  return typeof value === 'string' ? value : ''
}
