/**
 * Channel 4: the files of the PC, and files that go to it and come from it. `type u8 | JSON`, but for DATA and ACK.
 * The messages are described in wizhelper/protocol/files.py. A place on the PC is named by `folder`, an absolute path as the
 * agent wrote it, and names below it: paths are never joined here.
 */

import { concat, viewOf, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { boolean, dumpJson, integer, list, loadObject, nullable, object, oneOf, required, text, type Schema } from './messages'

const BAD = 'BAD_FILES'
const KIB = 1024
export const MAX_CHUNK = 256 * KIB
/** Bytes of DATA that may be without their ACK, over all transfers of one direction. */
export const MAX_WINDOW = 8 * 1024 * KIB
const MAX_OFFERED = 100
const MAX_HELD_MS = 65_535
const DATA = 0x20
const DATA_HEAD = 13
const ACK = 0x21
const ACK_BYTES = 15
const FINISH = 0x22

export type Conflict = 'ask' | 'replace' | 'keep_both' | 'skip'
export type Via = 'panes' | 'drop' | 'clipboard' | 'window'

export interface Entry {
  readonly name: string
  readonly kind: 'folder' | 'file' | 'link' | 'other'
  readonly size: number
  readonly modified_ms: number
  readonly hidden: boolean
}

export interface Place {
  readonly kind: 'home' | 'desktop' | 'documents' | 'downloads' | 'drive'
  readonly name: string
  readonly path: string
  readonly free: number | null
  readonly size: number | null
}

export type Data = { readonly type: 'data'; readonly transfer: number; readonly offset: number; readonly data: Bytes }
export type Ack = { readonly type: 'ack'; readonly transfer: number; readonly offset: number; readonly held_ms: number }
export type Finish = { readonly type: 'finish'; readonly transfer: number; readonly sha256: string }

export type ConsoleMessage =
  | { readonly type: 'list'; readonly request: number; readonly folder: string; readonly name: string }
  | { readonly type: 'more'; readonly request: number }
  | { readonly type: 'leave'; readonly request: number }
  | { readonly type: 'make'; readonly request: number; readonly folder: string; readonly names: readonly string[] }
  | { readonly type: 'rename'; readonly request: number; readonly folder: string; readonly name: string; readonly to: string }
  | { readonly type: 'remove'; readonly request: number; readonly folder: string; readonly name: string }
  | {
      readonly type: 'put'
      readonly transfer: number
      readonly folder: string
      readonly names: readonly string[]
      readonly size: number
      readonly modified_ms: number
      readonly conflict: Conflict
      readonly via: Via
    }
  | {
      readonly type: 'get'
      readonly transfer: number
      readonly folder: string
      readonly names: readonly string[]
      readonly offset: number
      readonly size: number
      readonly modified_ms: number
      readonly via: Via
    }
  | { readonly type: 'stop'; readonly transfer: number; readonly keep: boolean }
  | { readonly type: 'received'; readonly transfer: number; readonly code: string; readonly sha256: string }
  | Data
  | Ack
  | Finish

export type Places = {
  readonly type: 'places'
  readonly request: number
  readonly separator: string
  readonly places: readonly Place[]
}
export type Entries = {
  readonly type: 'entries'
  readonly request: number
  readonly folder: string
  readonly parent: string
  readonly last: boolean
  readonly entries: readonly Entry[]
}
export type Result = { readonly type: 'result'; readonly request: number; readonly code: string }
export type Ready = {
  readonly type: 'ready'
  readonly transfer: number
  readonly offset: number
  readonly size: number
  readonly modified_ms: number
}
export type Ended = {
  readonly type: 'ended'
  readonly transfer: number
  readonly code: string
  readonly path: string
  readonly sha256: string
}

/** Somebody at the PC wants the operator to have these. */
export type Offer = { readonly type: 'offer'; readonly folder: string; readonly entries: readonly Entry[]; readonly via: Via }

export type AgentMessage = Places | Entries | Result | Ready | Ended | Offer | Data | Ack | Finish

const TYPES: Readonly<Record<Exclude<ConsoleMessage['type'], 'data' | 'ack'>, number>> = {
  list: 0x01,
  more: 0x02,
  leave: 0x03,
  make: 0x04,
  rename: 0x05,
  remove: 0x06,
  put: 0x10,
  get: 0x11,
  stop: 0x12,
  received: 0x13,
  finish: FINISH,
}

const number = required(integer)
const words = required(text)
const PLACE: Schema<Place> = object<Place>({
  kind: required(oneOf('home', 'desktop', 'documents', 'downloads', 'drive')),
  name: words,
  path: words,
  free: required(nullable(integer)),
  size: required(nullable(integer)),
})
const ENTRY: Schema<Entry> = object<Entry>({
  name: words,
  kind: required(oneOf('folder', 'file', 'link', 'other')),
  size: number,
  modified_ms: number,
  hidden: required(boolean),
})
const PLACES = object<Omit<Places, 'type'>>({ request: number, separator: words, places: required(list(PLACE)) })
const ENTRIES = object<Omit<Entries, 'type'>>({
  request: number,
  folder: words,
  parent: words,
  last: required(boolean),
  entries: required(list(ENTRY)),
})
const RESULT = object<Omit<Result, 'type'>>({ request: number, code: words })
const READY = object<Omit<Ready, 'type'>>({ transfer: number, offset: number, size: number, modified_ms: number })
const ENDED = object<Omit<Ended, 'type'>>({ transfer: number, code: words, path: words, sha256: words })
const OFFER = object<Omit<Offer, 'type'>>({
  folder: words,
  entries: required(list(ENTRY)),
  via: required(oneOf('panes', 'drop', 'clipboard', 'window')),
})
const FINISHED = object<Omit<Finish, 'type'>>({ transfer: number, sha256: words })

export function encode(message: ConsoleMessage): Bytes {
  if (message.type === 'data') return encodeData(message)
  if (message.type === 'ack') return encodeAck(message)
  const { type, ...fields } = message
  return concat(Uint8Array.of(TYPES[type]), dumpJson(fields))
}

function head(type: number, { transfer, offset }: Data | Ack, length: number): Bytes {
  const out = new Uint8Array(length)
  const view = viewOf(out)
  view.setUint8(0, type)
  view.setUint32(1, transfer)
  view.setBigUint64(5, BigInt(offset))
  return out
}

function encodeData(message: Data): Bytes {
  const out = head(DATA, message, DATA_HEAD + message.data.length)
  out.set(message.data, DATA_HEAD)
  return out
}

function encodeAck(message: Ack): Bytes {
  const out = head(ACK, message, ACK_BYTES)
  viewOf(out).setUint16(DATA_HEAD, Math.min(MAX_HELD_MS, Math.max(0, Math.round(message.held_ms))))
  return out
}

/** What an agent may send. Throws RemoteProtocolError("BAD_FILES"). `data` shares the memory of `body`. */
export function decode(body: Bytes): AgentMessage {
  const rest = body.subarray(1)
  switch (body[0]) {
    case DATA:
      return decodeData(body)
    case ACK:
      return decodeAck(body)
    case FINISH:
      return checkSum({ type: 'finish', ...loadObject(FINISHED, rest, BAD) }, false)
    case 0x30:
      return { type: 'places', ...loadObject(PLACES, rest, BAD) }
    case 0x31:
      return checkEntries({ type: 'entries', ...loadObject(ENTRIES, rest, BAD) })
    case 0x32:
      return { type: 'result', ...loadObject(RESULT, rest, BAD) }
    case 0x33:
      return checkReady({ type: 'ready', ...loadObject(READY, rest, BAD) })
    case 0x35:
      return checkOffer({ type: 'offer', ...loadObject(OFFER, rest, BAD) })
    case 0x34:
      return checkSum({ type: 'ended', ...loadObject(ENDED, rest, BAD) }, true)
    default:
      throw new RemoteProtocolError(BAD, `message ${String(body[0])}`)
  }
}

function decodeData(body: Bytes): Data {
  if (body.length <= DATA_HEAD || body.length > DATA_HEAD + MAX_CHUNK) throw new RemoteProtocolError(BAD, 'data')
  const view = viewOf(body)
  return { type: 'data', transfer: view.getUint32(1), offset: Number(view.getBigUint64(5)), data: body.subarray(DATA_HEAD) }
}

function decodeAck(body: Bytes): Ack {
  if (body.length !== ACK_BYTES) throw new RemoteProtocolError(BAD, 'ack')
  const view = viewOf(body)
  return { type: 'ack', transfer: view.getUint32(1), offset: Number(view.getBigUint64(5)), held_ms: view.getUint16(DATA_HEAD) }
}

function checkEntries(message: Entries): Entries {
  if (message.entries.some((entry) => entry.size < 0)) throw new RemoteProtocolError(BAD, 'size')
  return message
}

function checkOffer(message: Offer): Offer {
  const { length } = message.entries
  if (length === 0 || length > MAX_OFFERED || message.entries.some((entry) => entry.size < 0)) throw new RemoteProtocolError(BAD, 'offer')
  return message
}

function checkReady(message: Ready): Ready {
  if (message.offset < 0 || message.offset > message.size) throw new RemoteProtocolError(BAD, 'offset')
  return message
}

function checkSum<M extends Ended | Finish>(message: M, mayLack: boolean): M {
  if (!/^[0-9a-f]{64}$/.test(message.sha256) && !(mayLack && message.sha256 === '')) throw new RemoteProtocolError(BAD, 'sum')
  return message
}
