/**
 * The chain of a recording's chunks, as the server keeps it too (wizhelper/recordings/chain.py):
 *
 *     head 0 = SHA-256("WizHelper recording 1" | recording id 16 | sealed content key)
 *     head n = SHA-256(head n-1 | n u32 | SHA-256 of chunk n)        numbers begin at 1, big-endian
 */

import { fromHex, utf8, viewOf, type Bytes } from '../../protocol/bytes'
import { sha256 } from '../../protocol/secure'

const LABEL = utf8('WizHelper recording 1')

/** The 16 bytes of a UUID. */
export function idBytes(recording: string): Bytes {
  return fromHex(recording.replaceAll('-', '').toLowerCase())
}

export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value)
  return bytes
}

export const firstHead = (recording: string, sealed: Uint8Array): Promise<Bytes> => sha256(LABEL, idBytes(recording), sealed)

export async function headAfter(head: Uint8Array, number: number, chunk: Uint8Array): Promise<Bytes> {
  return sha256(head, u32(number), await sha256(chunk))
}
