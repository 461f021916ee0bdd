/**
 * Channel 16: documents of the operator, printed by a printer of the customer's PC. `type u8 | JSON`, but DATA.
 *
 *     0x01 LIST      console -> agent: {"request"}: which printers are there?
 *     0x02 BEGIN     console -> agent: {"request", "printer", "name", "kind", "size", "copies", "pages"}: a document follows;
 *                    `printer` is a name of PRINTERS, `kind` one of KINDS, `size` in bytes, `pages` "" for all or "1-3,5"
 *     0x03 DATA      console -> agent: u32 request, then 1 to MAX_DATA bytes of the document, in their order
 *     0x04 CANCEL    console -> agent: {"request"}
 *     0x11 PRINTERS  agent -> console: {"request", "printers": [{"name", "label", "standard", "ready"}], "code"}
 *     0x12 CREDIT    agent -> console: {"request", "bytes"}: the console may have sent so much of that document in all
 *     0x13 JOB       agent -> console: {"request", "state", "sheets", "code"}: `state` one of STATES, `sheets` printed so far,
 *                    `code` "" or why it failed or waits
 */

import { concat, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { boolean, dumpJson, integer, list, loadObject, object, oneOf, required, text } from './messages'

const BAD = 'BAD_PRINTING'
const LIST = 0x01
const BEGIN = 0x02
const DATA = 0x03
const CANCEL = 0x04
const PRINTERS = 0x11
const CREDIT = 0x12
const JOB = 0x13

export const KINDS = ['pdf', 'image', 'text'] as const
export type Kind = (typeof KINDS)[number]
export const STATES = ['preparing', 'waiting', 'printing', 'held', 'done', 'failed', 'cancelled'] as const
export type State = (typeof STATES)[number]
/** States after which nothing more is told of a document. */
export const OVER: ReadonlySet<string> = new Set<State>(['done', 'failed', 'cancelled'])
export const MAX_SIZE = 50 * 1024 * 1024
export const MAX_DATA = 32 * 1024
export const MAX_COPIES = 99
export const MAX_NAME = 200
const PAGES = /^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?){0,49}$/
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

export interface Begin {
  readonly type: 'begin'
  readonly request: number
  readonly printer: string
  readonly name: string
  readonly kind: Kind
  readonly size: number
  readonly copies: number
  readonly pages: string
}

export type ConsoleMessage =
  | Begin
  | { readonly type: 'list' | 'cancel'; readonly request: number }
  | { readonly type: 'data'; readonly request: number; readonly data: Uint8Array }

export interface Printer {
  readonly name: string
  readonly label: string
  readonly standard: boolean
  readonly ready: boolean
}

export type AgentMessage =
  | { readonly type: 'printers'; readonly request: number; readonly printers: readonly Printer[]; readonly code: string }
  | { readonly type: 'credit'; readonly request: number; readonly bytes: number }
  | { readonly type: 'job'; readonly request: number; readonly state: State; readonly sheets: number; readonly code: string }

const PRINTER = object<Printer>({ name: required(text), label: required(text), standard: required(boolean), ready: required(boolean) })
const PRINTERS_BODY = object<{ request: number; printers: readonly Printer[]; code: string }>({
  request: required(integer),
  printers: required(list(PRINTER)),
  code: required(text),
})
const CREDIT_BODY = object<{ request: number; bytes: number }>({ request: required(integer), bytes: required(integer) })
const JOB_BODY = object<{ request: number; state: State; sheets: number; code: string }>({
  request: required(integer),
  state: required(oneOf(...STATES)),
  sheets: required(integer),
  code: required(text),
})

/** A document's or printer's name: short, without control and direction characters. */
export function isName(name: string): boolean {
  return name.trim() !== '' && name.length <= MAX_NAME && !HIDDEN.test(name)
}

/** "" or a list of pages and ranges, counted from 1. */
export function isPages(pages: string): boolean {
  if (pages === '') return true
  if (!PAGES.test(pages)) return false
  return pages.split(',').every((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return first >= 1 && first <= last
  })
}

/** Throws LocalProtocolError("BAD_PRINTING") for what the agent would refuse. */
export function encode(message: ConsoleMessage): Bytes {
  const { request } = message
  switch (message.type) {
    case 'list':
      return concat(Uint8Array.of(LIST), dumpJson({ request }))
    case 'cancel':
      return concat(Uint8Array.of(CANCEL), dumpJson({ request }))
    case 'data':
      return encodeData(request, message.data)
    case 'begin':
      return encodeBegin(message)
  }
}

function encodeData(request: number, data: Uint8Array): Bytes {
  if (data.length === 0 || data.length > MAX_DATA) throw new LocalProtocolError(BAD, 'data')
  const head = new Uint8Array(5)
  head[0] = DATA
  viewOf(head).setUint32(1, request)
  return concat(head, data)
}

function encodeBegin({ request, printer, name, kind, size, copies, pages }: Begin): Bytes {
  const fits = size >= 1 && size <= MAX_SIZE && copies >= 1 && copies <= MAX_COPIES
  if (!fits || !isName(printer) || !isName(name) || !isPages(pages)) throw new LocalProtocolError(BAD, 'document')
  return concat(Uint8Array.of(BEGIN), dumpJson({ request, printer, name, kind, size, copies, pages }))
}

/** What an agent may send. Throws RemoteProtocolError("BAD_PRINTING"). */
export function decode(body: Uint8Array): AgentMessage {
  const rest = body.subarray(1)
  if (body[0] === PRINTERS) return { type: 'printers', ...loadObject(PRINTERS_BODY, rest, BAD) }
  if (body[0] === CREDIT) return checked({ type: 'credit', ...loadObject(CREDIT_BODY, rest, BAD) }, (found) => found.bytes)
  if (body[0] === JOB) return checked({ type: 'job', ...loadObject(JOB_BODY, rest, BAD) }, (found) => found.sheets)
  throw new RemoteProtocolError(BAD, 'message')
}

function checked<M extends AgentMessage>(message: M, count: (message: M) => number): M {
  if (count(message) < 0) throw new RemoteProtocolError(BAD, 'count')
  return message
}
