/** A recording of the appliance, fetched, checked and decrypted in the browser: the server never has the key. */

import { fromHex, toHex, type Bytes } from '../../protocol/bytes'
import { sha256, type ExchangeKey } from '../../protocol/secure'
import { readMarks, type Mark } from '../../remote/recording/store'
import { firstHead, headAfter } from './chain'
import { ChunkCipher, openKey, SealBrokenError } from './cipher'
import type { OpenedRecording } from './recording-api'
import { BadLogError, decodeRecords, Rebuilt } from './write-log'

/** What is wrong with it; `chunk` where one is at fault, else 0. */
export type Damage = 'key' | 'chunk' | 'log' | 'head' | 'end'

export class DamagedError extends Error {
  constructor(
    readonly damage: Damage,
    readonly chunk = 0,
  ) {
    super(`${damage} ${String(chunk)}`)
    this.name = 'DamagedError'
  }
}

export interface Playable {
  readonly video: Blob
  readonly marks: readonly Mark[]
}

export type FetchChunk = (number: number) => Promise<Bytes>

/**
 * `progress`: chunks so far. Every chunk is compared with its hash, all of them with the head that the server noted when they
 * came. Throws DamagedError at the first that does not fit, and what `fetch` throws.
 */
export async function readRecording(
  opened: OpenedRecording,
  company: ExchangeKey,
  fetch: FetchChunk,
  progress: (done: number) => void,
): Promise<Playable> {
  const sealed = fromHex(opened.sealed)
  const cipher = await ChunkCipher.create(await contentKey(sealed, company), opened.recording.id)
  const file = new Rebuilt()
  let head = await firstHead(opened.recording.id, sealed)
  let ended = false
  let marks: Mark[] = []
  let coming = ahead(opened.chunks.length, 1, fetch)
  for (const [index, expected] of opened.chunks.entries()) {
    const number = index + 1
    const chunk = await coming
    coming = ahead(opened.chunks.length, number + 1, fetch)
    if (toHex(await sha256(chunk)) !== expected.sha256) throw new DamagedError('chunk', number)
    head = await headAfter(head, number, chunk)
    const { plain, last } = await openChunk(cipher, number, chunk)
    marks = take(plain, number, file) ?? marks
    ended = last
    progress(number)
  }
  if (toHex(head) !== opened.recording.head) throw new DamagedError('head')
  if (opened.recording.state === 'finished' && !ended) throw new DamagedError('end')
  return { video: file.file('video/webm'), marks }
}

/** The next one comes while this one is decrypted. Its failure is told when it is awaited. */
function ahead(count: number, number: number, fetch: FetchChunk): Promise<Bytes> {
  const coming = number <= count ? fetch(number) : Promise.resolve(new Uint8Array(0))
  coming.catch(() => undefined)
  return coming
}

async function contentKey(sealed: Bytes, company: ExchangeKey): Promise<Bytes> {
  try {
    return await openKey(sealed, company)
  } catch (problem) {
    if (problem instanceof SealBrokenError) throw new DamagedError('key')
    throw problem
  }
}

async function openChunk(cipher: ChunkCipher, number: number, chunk: Bytes): Promise<{ plain: Bytes; last: boolean }> {
  try {
    return await cipher.open(number, chunk)
  } catch (problem) {
    if (problem instanceof SealBrokenError) throw new DamagedError('chunk', number)
    throw problem
  }
}

/** -> the marks, if they are in this chunk */
function take(plain: Bytes, number: number, file: Rebuilt): Mark[] | null {
  let marks: Mark[] | null = null
  try {
    for (const record of decodeRecords(plain)) {
      if (record.kind === 'write') file.write(record.position, record.data)
      else marks = readMarks(new TextDecoder().decode(record.data))
    }
  } catch (problem) {
    if (problem instanceof BadLogError) throw new DamagedError('log', number)
    throw problem
  }
  return marks
}
