/** RC-REC: recordings are sealed to the company's key, chunk by chunk, and whatever was changed is found and named. */

import { webcrypto } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, utf8, type Bytes } from '../../protocol/bytes'
import { ExchangeKey, sha256, systemRandom } from '../../protocol/secure'
import { SealedFile, type Done } from '../../remote/recording/sealed-file'
import { firstHead, headAfter } from './chain'
import { ChunkCipher, openKey, sealKey, SealBrokenError, SEALED_BYTES } from './cipher'
import { makeKeyFile, readKeyFile, unlock, WrongPassphraseError, type KeyFile } from './company-key'
import { DamagedError, readRecording } from './reader'
import type { OpenedRecording } from './recording-api'
import { scenesOf } from './scenes'
import { BadLogError, decodeRecords, encodeRecord, Rebuilt } from './write-log'

const ID = '0b6f2f5e-7d33-4a52-9a71-000000000001'
const PASSPHRASE = '긴 암호 문구 하나 둘'
let file: KeyFile
let company: ExchangeKey

beforeAll(async () => {
  globalThis.crypto ??= webcrypto as Crypto
  file = await makeKeyFile('2026', PASSPHRASE)
  company = await unlock(file.public, file.wrapped, PASSPHRASE)
})

describe('the company key', () => {
  it('opens with its passphrase only, also when it was typed in another form of Unicode', async () => {
    await expect(unlock(file.public, file.wrapped, `${PASSPHRASE} `)).rejects.toThrow(WrongPassphraseError)
    const typed = await unlock(file.public, file.wrapped, PASSPHRASE.normalize('NFD'))
    expect(toHex(typed.publicKey)).toBe(file.public)
  })

  it('does not open as the key of another', async () => {
    const other = await makeKeyFile('other', PASSPHRASE)
    await expect(unlock(other.public, file.wrapped, PASSPHRASE)).rejects.toThrow(WrongPassphraseError)
  })

  it('is derived with many iterations, and its file holds no plain key', () => {
    expect(file.wrapped.kdf.iterations).toBeGreaterThanOrEqual(600_000)
    expect(fromHex(file.wrapped.data)).toHaveLength(48)
    expect(readKeyFile(JSON.stringify(file))).toEqual(file)
  })

  it.each(['', '{', '[]', 'null', '{"format":"x"}', '{"format":"wizhelper recording key 1","name":"a","public":"zz"}'])(
    'is not read from %j',
    (text) => {
      expect(readKeyFile(text)).toBeNull()
    },
  )

  it('is not read from a file whose derivation would hang the browser', () => {
    const kdf = { ...file.wrapped.kdf, iterations: 1e12 }
    expect(readKeyFile(JSON.stringify({ ...file, wrapped: { ...file.wrapped, kdf } }))).toBeNull()
  })
})

describe('sealing', () => {
  it('gives the content key to the private key and to no other', async () => {
    const content = systemRandom(32)
    const sealed = await sealKey(content, company.publicKey)
    expect(sealed).toHaveLength(SEALED_BYTES)
    expect(await openKey(sealed, company)).toEqual(content)
    await expect(openKey(sealed, await ExchangeKey.create(systemRandom(32)))).rejects.toThrow(SealBrokenError)
    expect(await sealKey(content, company.publicKey)).not.toEqual(sealed)
  })

  it('refuses a company key of low order', async () => {
    await expect(sealKey(systemRandom(32), new Uint8Array(32))).rejects.toThrow()
  })

  it('binds a chunk to its recording, its number and its end', async () => {
    const content = systemRandom(32)
    const cipher = await ChunkCipher.create(content, ID)
    const chunk = await cipher.seal(7, true, utf8('picture'))
    expect(await cipher.open(7, chunk)).toEqual({ plain: utf8('picture'), last: true })
    await expect(cipher.open(8, chunk)).rejects.toThrow(SealBrokenError)
    await expect(cipher.open(7, concat(Uint8Array.of(0), chunk.slice(1)))).rejects.toThrow(SealBrokenError)
    const other = await ChunkCipher.create(content, ID.replace('1', '2'))
    await expect(other.open(7, chunk)).rejects.toThrow(SealBrokenError)
  })
})

describe('the chain', () => {
  it('is the one of the server', async () => {
    const head = await firstHead(ID, fromHex('ab'.repeat(80)))
    expect(toHex(head)).toBe(toHex(await sha256(utf8('WizHelper recording 1'), fromHex(ID.replaceAll('-', '')), fromHex('ab'.repeat(80)))))
    const next = await headAfter(head, 258, utf8('x'))
    expect(next).toEqual(await sha256(head, Uint8Array.of(0, 0, 1, 2), await sha256(utf8('x'))))
  })
})

describe('the log of writes', () => {
  it('rebuilds a file whose beginning is written last', async () => {
    const rebuilt = new Rebuilt()
    rebuilt.write(0, utf8('head????'))
    rebuilt.write(8, utf8('body'))
    rebuilt.write(12, utf8('tail'))
    rebuilt.write(4, utf8('1234BO'))
    expect(await rebuilt.file('video/webm').text()).toBe('head1234BOdytail')
  })

  it('refuses holes, and records that are cut', () => {
    expect(() => {
      new Rebuilt().write(1, utf8('x'))
    }).toThrow(BadLogError)
    const record = encodeRecord({ kind: 'write', position: 5, data: utf8('abc') })
    for (let length = 1; length < record.length; length += 1) expect(() => decodeRecords(record.slice(0, length))).toThrow(BadLogError)
    expect(() => decodeRecords(concat(Uint8Array.of(9), record.slice(1)))).toThrow(BadLogError)
  })
})

/** A recording as the console makes it and the server keeps it. */
async function recorded(): Promise<{ opened: OpenedRecording; chunks: Bytes[]; plain: Bytes }> {
  const content = systemRandom(32)
  const sealed = await sealKey(content, company.publicKey)
  const chunks: Bytes[] = []
  const ends: Done[] = []
  const spool = {
    put: (_number: number, chunk: Bytes) => Promise.resolve(void chunks.push(chunk)),
    done: (how: Done) => Promise.resolve(void ends.push(how)),
  }
  const made = new SealedFile(await ChunkCipher.create(content, ID), spool, await firstHead(ID, sealed))
  const plain = Uint8Array.from({ length: 1_200_000 }, (_, i) => (i * 7 + (i >> 9)) & 255)
  const writer = made.stream.getWriter()
  await writer.write({ type: 'write', data: plain.slice(0, 700_000), position: 0 })
  await writer.write({ type: 'write', data: plain.slice(700_000), position: 700_000 })
  await writer.write({ type: 'write', data: utf8('LATE'), position: 4 })
  plain.set(utf8('LATE'), 4)
  await made.finish('[{"kind":"screenshot","ms":1500}]', 4000)
  expect(made.bytes).toBe(plain.length)
  expect(ends).toHaveLength(1)
  const row = { id: ID, session: 's', host: '', number: null, operator: '', begun_at: '', ended_at: '', bytes: 0, held: false }
  const recording = { ...row, state: 'finished', duration_ms: 4000, chunks: chunks.length, head: ends[0]?.head ?? '', key: '' } as const
  const listed = await Promise.all(chunks.map(async (chunk) => ({ size: chunk.length, sha256: toHex(await sha256(chunk)) })))
  const key = { id: 1, name: '', public: file.public, fingerprint: '', wrapped: null }
  return { opened: { ticket: 't', recording, sealed: toHex(sealed), key, chunks: listed }, chunks, plain }
}

describe('a recording', () => {
  it('comes back as it was made, with its marks, in chunks that the server takes', async () => {
    const { opened, chunks, plain } = await recorded()
    expect(chunks.length).toBeGreaterThan(2)
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(640 * 1024)
    const seen: number[] = []
    const read = await readRecording(opened, company, (n) => Promise.resolve(chunks[n - 1] ?? new Uint8Array(0)), (n) => seen.push(n))
    expect(new Uint8Array(await read.video.arrayBuffer())).toEqual(plain)
    expect(read.marks).toEqual([{ kind: 'screenshot', ms: 1500 }])
    expect(seen.at(-1)).toBe(chunks.length)
  })

  it('names the chunk that was changed, by its hash and, where the hash was changed too, by its seal', async () => {
    const { opened, chunks } = await recorded()
    const bad = chunks.map((chunk) => chunk.slice())
    const second = bad[1]
    if (second) second[100] = (second[100] ?? 0) ^ 1
    const fetch = (n: number): Promise<Bytes> => Promise.resolve(bad[n - 1] ?? new Uint8Array(0))
    await expect(readRecording(opened, company, fetch, () => undefined)).rejects.toMatchObject({ damage: 'chunk', chunk: 2 })
    const hidden = await Promise.all(bad.map(async (chunk) => ({ size: chunk.length, sha256: toHex(await sha256(chunk)) })))
    const lied = readRecording({ ...opened, chunks: hidden }, company, fetch, () => undefined)
    await expect(lied).rejects.toMatchObject({ damage: 'chunk', chunk: 2 })
  })

  it('tells a cut end, a foreign head and a foreign key', async () => {
    const { opened, chunks } = await recorded()
    const fetch = (n: number): Promise<Bytes> => Promise.resolve(chunks[n - 1] ?? new Uint8Array(0))
    const fails = (changed: OpenedRecording, key = company): Promise<unknown> =>
      readRecording(changed, key, fetch, () => undefined).catch((problem: unknown) => problem)
    const cut = { ...opened, chunks: opened.chunks.slice(0, -1) }
    expect(await fails(cut)).toEqual(new DamagedError('head'))
    let head = await firstHead(ID, fromHex(opened.sealed))
    for (const [index] of cut.chunks.entries()) head = await headAfter(head, index + 1, chunks[index] ?? new Uint8Array(0))
    const forged = { ...cut, recording: { ...cut.recording, head: toHex(head) } }
    expect(await fails(forged)).toEqual(new DamagedError('end'))
    const abandoned = { ...forged, recording: { ...forged.recording, state: 'abandoned' } } as const
    expect(await fails(abandoned)).not.toBeInstanceOf(Error)
    expect(await fails(opened, await ExchangeKey.create(systemRandom(32)))).toEqual(new DamagedError('key'))
  })
})

describe('scenes', () => {
  it('are the marks and what happened while it was recorded, in order', () => {
    const row = { begun_at: '2026-03-02T10:00:00Z', ended_at: '2026-03-02T10:01:00Z', duration_ms: 30_000 }
    const event = (at: string, type: string) => ({ seq: 1, at, actor: '', type, data: {} })
    const events = [
      event('2026-03-02T09:59:59Z', 'consented'),
      event('2026-03-02T10:00:10Z', 'url_opened'),
      event('2026-03-02T10:00:06Z', 'screenshot'),
      event('2026-03-02T10:00:11Z', 'recording_started'),
      event('2026-03-02T10:00:40Z', 'ended'),
    ]
    const found = scenesOf(row as never, [{ kind: 'screenshot', ms: 5000 }], events as never)
    expect(found.map(({ ms, kind }) => [ms, kind])).toEqual([
      [5000, 'screenshot'],
      [10_000, 'url_opened'],
    ])
  })
})
