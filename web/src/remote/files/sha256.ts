/**
 * SHA-256 (FIPS 180-4) of data that comes in pieces: WebCrypto only digests what is in memory as a whole, and files of ten
 * gigabytes are not.
 */

/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices are bounded by the loops; a fallback in them costs speed */

import type { Bytes } from '../../protocol/bytes'

const BLOCK = 64

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
function fractions(root: (prime: number) => number, count: number): Int32Array {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return Int32Array.from(primes, (prime) => Math.floor((root(prime) % 1) * 2 ** 32) | 0)
}

const K = fractions(Math.cbrt, 64)
const START = fractions(Math.sqrt, 8)

export class Sha256 {
  private readonly state = START.slice()
  private readonly schedule = new Int32Array(64)
  private readonly rest = new Uint8Array(BLOCK)
  private restLength = 0
  private length = 0

  update(data: Uint8Array): void {
    this.length += data.length
    let at = 0
    if (this.restLength > 0) {
      at = Math.min(BLOCK - this.restLength, data.length)
      this.rest.set(data.subarray(0, at), this.restLength)
      this.restLength += at
      if (this.restLength < BLOCK) return
      this.blocks(this.rest, 0, BLOCK)
      this.restLength = 0
    }
    const whole = at + Math.floor((data.length - at) / BLOCK) * BLOCK
    this.blocks(data, at, whole)
    this.rest.set(data.subarray(whole))
    this.restLength = data.length - whole
  }

  /** The sum as 64 hex digits; nothing may be added afterwards. */
  digest(): string {
    const end = new Uint8Array(this.restLength < BLOCK - 8 ? BLOCK : 2 * BLOCK) as Bytes
    end.set(this.rest.subarray(0, this.restLength))
    end[this.restLength] = 0x80
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(this.length) * 8n)
    this.blocks(end, 0, end.length)
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The compression function over whole blocks. Plain variables: this is the inner loop of every transfer. */
  private blocks(data: Uint8Array, from: number, to: number): void {
    const { state, schedule: w } = this
    for (let at = from; at < to; at += BLOCK) {
      fill(w, data, at)
      let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!
      let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
        const t1 = (h + s1 + (g ^ (e & (f ^ g))) + K[i]! + w[i]!) | 0
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
        const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0
        h = g
        g = f
        f = e
        e = (d + t1) | 0
        d = c
        c = b
        b = a
        a = (t1 + t2) | 0
      }
      state[0] = state[0]! + a
      state[1] = state[1]! + b
      state[2] = state[2]! + c
      state[3] = state[3]! + d
      state[4] = state[4]! + e
      state[5] = state[5]! + f
      state[6] = state[6]! + g
      state[7] = state[7]! + h
    }
  }
}

function fill(w: Int32Array, data: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i += 1) {
    const j = at + 4 * i
    w[i] = (data[j]! << 24) | (data[j + 1]! << 16) | (data[j + 2]! << 8) | data[j + 3]!
  }
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1
  }
}
