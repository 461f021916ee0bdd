/**
 * The session's one zstd stream: chunks in, exactly the announced number of bytes out.
 *
 * fzstd does the decoding and trusts its input, so the frame header and the block headers (RFC 8878, 3.1.1) are checked here
 * first: window, block sizes, whole blocks. A chunk therefore ends with a block, as an encoder's flush makes it.
 */

import { Decompress } from 'fzstd'
import { concat, viewOf, type Bytes } from '../protocol/bytes'
import { RemoteProtocolError } from '../protocol/errors'

export const MAX_WINDOW_BYTES = 4 * 1024 * 1024
const MAX_BLOCK_BYTES = 128 * 1024
const MAGIC = 0xfd2fb528
const BLOCK_HEADER_BYTES = 3

/** fzstd looks at a frame only once it has 18 bytes of it; four empty raw blocks make the shortest header (6 bytes) that long. */
const FILLER = new Uint8Array(4 * BLOCK_HEADER_BYTES)

const BlockType = { RAW: 0, RLE: 1, COMPRESSED: 2 } as const

function refuse(detail: string): never {
  throw new RemoteProtocolError('BAD_SCREEN', `zstd ${detail}`)
}

export class ZstdStream {
  private decoder: Decompress | null = null
  private target: Bytes = new Uint8Array(0)
  private filled = 0

  /** The chunk's output, `size` bytes. Throws RemoteProtocolError("BAD_SCREEN"); the stream is then unusable. */
  decode(chunk: Bytes, size: number): Bytes {
    this.target = new Uint8Array(size)
    this.filled = 0
    const blocks = this.decoder === null ? this.begin(chunk) : chunk
    checkBlocks(blocks)
    this.push(blocks)
    if (this.filled !== size) refuse(`gave ${this.filled} of ${size} bytes`)
    return this.target
  }

  /** Takes the frame header off the first chunk. */
  private begin(chunk: Bytes): Bytes {
    const length = headerLength(chunk)
    this.decoder = new Decompress((output) => this.take(output))
    this.push(concat(chunk.subarray(0, length), FILLER))
    return chunk.subarray(length)
  }

  private push(data: Bytes): void {
    try {
      this.decoder?.push(data)
    } catch (problem) {
      if (problem instanceof RemoteProtocolError) throw problem
      // fzstd throws errors of several kinds on data that is none: its own, RangeError, TypeError.
      if (problem instanceof Error) refuse(problem.message)
      throw problem
    }
  }

  private take(output: Uint8Array): void {
    if (output.length > this.target.length - this.filled) refuse('gave too many bytes')
    this.target.set(output, this.filled)
    this.filled += output.length
  }
}

/** Length of the frame header. Dictionaries, reserved bits and windows above the limit are refused. */
function headerLength(data: Bytes): number {
  if (data.length < 6 || viewOf(data).getUint32(0, true) !== MAGIC) refuse('frame header')
  const flags = data[4] ?? 0
  const singleSegment = (flags & 0x20) !== 0
  if ((flags & 0x0b) !== 0) refuse('dictionary')
  // Without a window descriptor the window is the content size, which a stream cannot know when it begins.
  if (singleSegment) refuse('single segment')
  const descriptor = data[5] ?? 0
  const base = 2 ** (10 + (descriptor >> 3))
  if (base + (base / 8) * (descriptor & 7) > MAX_WINDOW_BYTES) refuse('window')
  const sizeField = [0, 2, 4, 8][flags >> 6] ?? 0
  if (data.length < 6 + sizeField) refuse('frame header')
  return 6 + sizeField
}

/** Whole blocks of known types and allowed sizes, none of them the last of a frame. */
function checkBlocks(data: Bytes): void {
  let at = 0
  while (at < data.length) {
    if (at + BLOCK_HEADER_BYTES > data.length) refuse('block is cut short')
    const header = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16)
    const type = (header >> 1) & 3
    const size = header >> 3
    if ((header & 1) !== 0) refuse('stream ends')
    if (type > BlockType.COMPRESSED || size > MAX_BLOCK_BYTES) refuse('block')
    at += BLOCK_HEADER_BYTES + (type === BlockType.RLE ? 1 : size)
  }
  if (at !== data.length) refuse('block is cut short')
}
