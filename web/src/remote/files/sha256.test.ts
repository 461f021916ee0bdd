/** SHA-256 in pieces: the same as WebCrypto's of the whole, however it is cut. */

import { describe, expect, it } from 'vitest'
import { toHex } from '../../protocol/bytes'
import { Sha256 } from './sha256'

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
}

async function whole(data: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', data)))
}

describe('Sha256', () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 65_537])('of %i bytes at once', async (length) => {
    const sum = new Sha256()
    sum.update(bytes(length))
    expect(sum.digest()).toBe(await whole(bytes(length)))
  })

  it.each([1, 7, 63, 64, 65, 200])('in pieces of %i', async (piece) => {
    const data = bytes(1000)
    const sum = new Sha256()
    for (let at = 0; at < data.length; at += piece) sum.update(data.subarray(at, at + piece))
    expect(sum.digest()).toBe(await whole(data))
  })
})
