/** The size that a JPEG file says it has, read before a browser is asked to decode it. */

import { viewOf, type Bytes } from '../protocol/bytes'

const MARKER = 0xff
const START_OF_IMAGE = 0xd8
/** Baseline, extended and progressive; nothing else is sent by an agent (ITU-T T.81, table B.1). */
const START_OF_FRAME: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2])
const START_OF_SCAN = 0xda

/** null: no JPEG, or one without a frame header in front of its data. */
export function jpegSize(data: Bytes): { width: number; height: number } | null {
  const view = viewOf(data)
  if (data.length < 4 || view.getUint8(0) !== MARKER || view.getUint8(1) !== START_OF_IMAGE) return null
  let at = 2
  while (at + 9 <= data.length && view.getUint8(at) === MARKER) {
    const marker = view.getUint8(at + 1)
    if (START_OF_FRAME.has(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
    if (marker === START_OF_SCAN) return null
    at += 2 + view.getUint16(at + 2)
  }
  return null
}
