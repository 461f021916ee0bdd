/**
 * Text that a customer's PC says of itself, made fit to be shown: one line, bounded, without characters that are invisible
 * or turn the text around. It stays text: it is put on the page by interpolation only.
 */

export const MAX_SHOWN = 80

// Control characters, line and paragraph separators: shown as a space.
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g
// Default-ignorable: bidi marks, embeddings, overrides and isolates, zero-width characters, soft hyphen, Hangul fillers,
// variation selectors, byte order mark, tags. Beside them: the empty Braille cell, interlinear marks, private use.
const HIDDEN = /[\p{Default_Ignorable_Code_Point}\p{Co}\u2800\ufff9-\uffff]/gu
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// More than four combining marks on one character run over the lines above and below.
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu

/** `text` cleaned and cut to `limit` characters (code points; the last becomes "…"). Anything but a string gives "". */
export function safeText(text: unknown, limit = MAX_SHOWN): string {
  if (typeof text !== 'string') return ''
  const cleaned = text
    .slice(0, limit * 16)
    .replace(LONE_SURROGATE, '')
    .replace(BREAKS, ' ')
    .replace(HIDDEN, '')
    .replace(PILED_MARKS, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  const points = Array.from(cleaned)
  return points.length <= limit ? cleaned : `${points.slice(0, limit - 1).join('')}…`
}

/** Text of several lines that people typed (memo, notice): line breaks stay, the rest as `safeText`. */
export function safeParagraphs(text: unknown, limit = 20_000): string {
  if (typeof text !== 'string') return ''
  return text
    .slice(0, limit)
    .split(/\r\n|\r|\n/)
    .map((line) => safeText(line, limit))
    .join('\n')
}

// Colours and movements of a terminal (ECMA-48 5.4): nothing here obeys them.
const TERMINAL = /\u001b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g

/** What a program wrote: columns and line breaks stay, what hides or turns text goes. */
export function safeOutput(text: unknown, limit: number): string {
  if (typeof text !== 'string') return ''
  return text
    .slice(0, limit)
    .replace(TERMINAL, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.replace(LONE_SURROGATE, '').replace(/\t/g, '    ').replace(BREAKS, ' ').replace(HIDDEN, '').replace(PILED_MARKS, '$1'))
    .join('\n')
}
