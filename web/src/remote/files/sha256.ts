/** SHA-256 of data that comes in pieces: WebCrypto digests only what is in memory as a whole, and files of ten gigabytes are not. */

import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, type Bytes } from '../../protocol/bytes'

export class Sha256 {
  private readonly sum = sha256.create()

  update(data: Uint8Array): void {
    this.sum.update(data)
  }

  /** 64 hex digits; the end of it. */
  digest(): string {
    return toHex(this.sum.digest() as Bytes)
  }
}
