/**
 * Channel 21: the seat of the customer's user: lock it, log the user off. `type u8 | JSON`. Needs the right `control`.
 *
 *     0x01 DO      console -> agent: {"request", "action"}: one of ACTIONS
 *     0x11 OFFER   agent -> console: {"actions"}: what this PC can do; once, at the beginning of each link
 *     0x12 RESULT  agent -> console: {"request", "code"}: "" when it was done (log_off: is about to be done), else why not
 */

import { concat, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { dumpJson, integer, list, loadObject, object, required, text } from './messages'

const BAD = 'BAD_SEAT'
const DO = 0x01
const OFFER = 0x11
const RESULT = 0x12

export const ACTIONS = ['lock', 'log_off'] as const
export type Action = (typeof ACTIONS)[number]

export interface Do {
  readonly type: 'do'
  readonly request: number
  readonly action: Action
}
export type AgentMessage =
  | { readonly type: 'offer'; readonly actions: readonly Action[] }
  | { readonly type: 'result'; readonly request: number; readonly code: string }

const OFFER_BODY = object<{ actions: readonly string[] }>({ actions: required(list(text)) })
const RESULT_BODY = object<{ request: number; code: string }>({ request: required(integer), code: required(text) })

const isAction = (word: string): word is Action => (ACTIONS as readonly string[]).includes(word)

export function encode({ request, action }: Do): Bytes {
  return concat(Uint8Array.of(DO), dumpJson({ request, action }))
}

/** What an agent may send; actions of another version are left out. Throws RemoteProtocolError("BAD_SEAT"). */
export function decode(body: Uint8Array): AgentMessage {
  const rest = body.subarray(1)
  if (body[0] === RESULT) return { type: 'result', ...loadObject(RESULT_BODY, rest, BAD) }
  if (body[0] !== OFFER) throw new RemoteProtocolError(BAD, `message ${String(body[0])}`)
  return { type: 'offer', actions: loadObject(OFFER_BODY, rest, BAD).actions.filter(isAction) }
}
