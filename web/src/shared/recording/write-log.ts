/**
 * What is inside a recording's chunks: the writes that made the video file, in their order, so that a file whose beginning
 * is completed at the end can be sent while it grows. Each chunk holds whole records:
 *
 *     kind u8 | position u64 | length u32 | bytes        kind 1: a write of the file; kind 2: the marks (JSON)
 */

import { concat, viewOf, type Bytes } from '../../protocol/bytes'

const HEAD_BYTES = 13
const WRITE = 1
const MARKS = 2

export type LogRecord =
  | { readonly kind: 'write'; readonly position: number; readonly data: Bytes }
  | { readonly kind: 'marks'; readonly data: Bytes }

/** A chunk opened, but what is in it is no log. */
export class BadLogError extends Error {
  constructor() {
    super('not a recording')
    this.name = 'BadLogError'
  }
}

export function encodeRecord(record: LogRecord): Bytes {
  const head = new Uint8Array(HEAD_BYTES)
  const view = viewOf(head)
  view.setUint8(0, record.kind === 'write' ? WRITE : MARKS)
  view.setBigUint64(1, BigInt(record.kind === 'write' ? record.position : 0))
  view.setUint32(9, record.data.length)
  return concat(head, record.data)
}

/** Throws BadLogError. */
export function decodeRecords(plain: Bytes): LogRecord[] {
  const found: LogRecord[] = []
  const view = viewOf(plain)
  for (let at = 0; at < plain.length; ) {
    if (at + HEAD_BYTES > plain.length) throw new BadLogError()
    const end = at + HEAD_BYTES + view.getUint32(at + 9)
    if (end > plain.length) throw new BadLogError()
    found.push(recordOf(view.getUint8(at), Number(view.getBigUint64(at + 1)), plain.slice(at + HEAD_BYTES, end)))
    at = end
  }
  return found
}

function recordOf(kind: number, position: number, data: Bytes): LogRecord {
  if (kind === WRITE && Number.isSafeInteger(position)) return { kind: 'write', position, data }
  if (kind === MARKS) return { kind: 'marks', data }
  throw new BadLogError()
}

/** The file that the writes made, in pieces that the browser may keep on its disk. */
export class Rebuilt {
  private parts: { readonly from: number; readonly blob: Blob }[] = []
  private length = 0

  /** Throws BadLogError for a hole. */
  write(position: number, data: Bytes): void {
    if (position > this.length) throw new BadLogError()
    const piece = { from: position, blob: new Blob([data]) }
    const end = position + data.length
    if (position < this.length) this.cutOut(position, end)
    this.parts.push(piece)
    if (position < this.length) this.parts.sort((a, b) => a.from - b.from)
    this.length = Math.max(this.length, end)
  }

  file(type: string): Blob {
    return new Blob(this.parts.map(({ blob }) => blob), { type })
  }

  private cutOut(from: number, to: number): void {
    this.parts = this.parts.flatMap(({ from: start, blob }) => {
      const end = start + blob.size
      if (end <= from || start >= to) return [{ from: start, blob }]
      const before = start < from ? [{ from: start, blob: blob.slice(0, from - start) }] : []
      const after = end > to ? [{ from: to, blob: blob.slice(to - start) }] : []
      return [...before, ...after]
    })
  }
}
