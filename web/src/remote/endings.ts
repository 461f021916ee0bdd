/** Every way in which one link to the agent ends has a code, and says what the session does next. */

import { LocalProtocolError, RemoteProtocolError } from '../protocol/errors'

/**
 * retry: a new link is worth trying. resume_refused: the same, but the agent does not know the resume secret (any more).
 * ended: the support session is over. failed: this control must not go on by itself.
 */
export type EndingKind = 'retry' | 'resume_refused' | 'ended' | 'failed'

export interface Ending {
  readonly kind: EndingKind
  /** A stable word, for the list of messages shown to people. */
  readonly code: string
}

export const RELAY_PEER_GONE = 4001

/** Close codes of the relay (docs/protocol.md, "Relay"). */
const RELAY: ReadonlyMap<number, Ending> = new Map([
  [4000, { kind: 'retry', code: 'TICKET_REFUSED' }],
  [RELAY_PEER_GONE, { kind: 'retry', code: 'AGENT_GONE' }],
  [4002, { kind: 'retry', code: 'RELAY_LIMIT' }],
  [4003, { kind: 'ended', code: 'SESSION_ENDED' }],
  [4004, { kind: 'retry', code: 'AGENT_ABSENT' }],
  // Another tab or console of this operator took the session over; taking it back would never end.
  [4005, { kind: 'failed', code: 'REPLACED' }],
  [4006, { kind: 'retry', code: 'SERVER_STOPPING' }],
])

/** `code`: of the WebSocket's close event; anything that is not the relay's own is a lost connection. */
export function endingOfClose(code: number): Ending {
  return RELAY.get(code) ?? { kind: 'retry', code: 'CONNECTION_LOST' }
}

/** Violations end the control: the first bad byte is an alarm, not a reason to try again. */
export function endingOfError(problem: unknown): Ending {
  if (problem instanceof RemoteProtocolError || problem instanceof LocalProtocolError) {
    return { kind: 'failed', code: problem.code }
  }
  // An algorithm of WH1 that this browser's WebCrypto does not have.
  if (problem instanceof DOMException && problem.name === 'NotSupportedError') {
    return { kind: 'failed', code: 'BROWSER_UNSUPPORTED' }
  }
  return { kind: 'failed', code: 'INTERNAL' }
}
