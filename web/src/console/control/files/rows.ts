/** What a pane shows: rows of one folder, filtered and in order. */

export type RowKind = 'folder' | 'file' | 'link' | 'other' | 'home' | 'desktop' | 'documents' | 'downloads' | 'drive'

export interface Row {
  /** The name as the system has it; what is shown is cleaned. */
  readonly name: string
  readonly kind: RowKind
  /** Bytes; null: not said. */
  readonly size: number | null
  readonly modifiedMs: number | null
  readonly hidden: boolean
}

export type Column = 'name' | 'size' | 'modified'

export interface Order {
  readonly column: Column
  readonly descending: boolean
}

/** Sorting by the rules of a language takes seconds beyond this. */
const MAX_COLLATED = 20_000
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

function byName(one: Row, other: Row, collated: boolean): number {
  if (collated) return collator.compare(one.name, other.name)
  return one.name < other.name ? -1 : Number(one.name > other.name)
}

/** Folders first, whatever the order: as file managers do. Places keep the order in which they come. */
export function arranged(rows: readonly Row[], order: Order, filter: string, hidden: boolean): Row[] {
  const words = filter.normalize('NFC').toLowerCase().trim()
  const shown = rows.filter((row) => (hidden || !row.hidden) && (words === '' || row.name.normalize('NFC').toLowerCase().includes(words)))
  const collated = shown.length <= MAX_COLLATED
  const sign = order.descending ? -1 : 1
  return shown.sort((one, other) => {
    const folders = Number(other.kind === 'folder') - Number(one.kind === 'folder')
    if (folders !== 0) return folders
    if (isPlace(one) || isPlace(other)) return 0
    return sign * compared(one, other, order.column, collated) || byName(one, other, collated)
  })
}

function compared(one: Row, other: Row, column: Column, collated: boolean): number {
  if (column === 'name') return byName(one, other, collated)
  const [a, b] = column === 'size' ? [one.size, other.size] : [one.modifiedMs, other.modifiedMs]
  return (a ?? 0) - (b ?? 0)
}

export function isPlace(row: Row): boolean {
  return row.kind !== 'folder' && row.kind !== 'file' && row.kind !== 'link' && row.kind !== 'other'
}

export function canOpen(row: Row): boolean {
  return row.kind === 'folder' || row.kind === 'link' || isPlace(row)
}

export function canSend(row: Row): boolean {
  return row.kind === 'file' || row.kind === 'folder'
}
