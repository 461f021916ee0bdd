/** Columns, search and export of the lists of the customer's PC. */

import type { What } from '../../protocol/info'

export interface Cell {
  readonly field: string
  /** word: looked up among the console's words; text: shown as it is. */
  readonly kind: 'text' | 'word' | 'number' | 'bytes' | 'percent' | 'time' | 'moment'
  readonly width: string
}

const cell = (field: string, kind: Cell['kind'], width: string): Cell => ({ field, kind, width })
const FACTS = [cell('section', 'word', '22%'), cell('key', 'word', '28%'), cell('value', 'text', '50%')]

const COLUMNS: Record<What, readonly Cell[]> = {
  processes: [
    cell('name', 'text', '26%'),
    cell('pid', 'number', '12%'),
    cell('cpu', 'percent', '13%'),
    cell('memory', 'bytes', '15%'),
    cell('user', 'text', '14%'),
    cell('command', 'text', '20%'),
  ],
  hardware: FACTS,
  software: [cell('name', 'text', '46%'), cell('version', 'text', '24%'), cell('publisher', 'text', '30%')],
  system: FACTS,
  events: [
    cell('time', 'moment', '22%'),
    cell('level', 'word', '11%'),
    cell('source', 'text', '20%'),
    cell('code', 'text', '11%'),
    cell('text', 'text', '36%'),
  ],
  services: [cell('name', 'text', '36%'), cell('title', 'text', '40%'), cell('state', 'text', '24%')],
}

export function columnsOf(what: What): readonly Cell[] {
  return COLUMNS[what]
}

/** Rows in which each word of the search stands somewhere, whatever the case. */
export function found<T extends object>(rows: readonly T[], search: string): readonly T[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return rows
  return rows.filter((row) => {
    const text = Object.values(row).join('\n').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** What a spreadsheet would run as a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** RFC 4180. Cells come from a foreign PC: a formula becomes text. */
export function csv(lines: readonly (readonly string[])[]): string {
  const quoted = (text: string): string => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  return lines.map((line) => line.map(quoted).join(',')).join('\r\n') + '\r\n'
}
