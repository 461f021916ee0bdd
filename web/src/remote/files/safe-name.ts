/** Names that come from the PC, made into names for this computer: one name, that any system takes, and that hides nothing. */

import { safeText } from '../../shared/safe-text'

const MAX_BYTES = 200
const REFUSED = /[\\/:*?"<>|]/g
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i
const encoder = new TextEncoder()

export function safeName(name: string): string {
  const plain = safeText(name.normalize('NFC'), 255).replace(REFUSED, '_').replace(/^[ ]+|[ .]+$/g, '')
  const fine = plain === '' || RESERVED.test(plain) ? `_${plain}` : plain
  return shortened(fine)
}

/** The extension stays. */
function shortened(name: string): string {
  if (encoder.encode(name).length <= MAX_BYTES) return name
  const dot = name.lastIndexOf('.')
  const tail = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : ''
  const points = Array.from(name.slice(0, name.length - tail.length))
  while (encoder.encode(points.join('') + tail).length > MAX_BYTES) points.pop()
  return points.join('') + tail
}

/** "report.pdf", 2 -> "report (2).pdf". */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const at = dot > 0 ? dot : name.length
  return `${name.slice(0, at)} (${number})${name.slice(at)}`
}
