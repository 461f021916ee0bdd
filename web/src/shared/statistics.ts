/** Figures of `/statistics` as types and as words. */

import { safeText } from './safe-text'

export const ROW_NAMES = [
  ...(['operator', 'state', 'result', 'satisfaction', 'fault', 'duration', 'kind', 'os', 'os_version'] as const),
  ...(['hour', 'date', 'weekday', 'week', 'month', 'quarter'] as const),
] as const
export const COLUMN_NAMES = [
  ...(['all', 'operator', 'state', 'result', 'satisfaction', 'fault', 'duration', 'kind', 'os'] as const),
  ...(['os_version', 'hour', 'weekday'] as const),
] as const

export interface FigureLine {
  key: string
  label: string | null
  /** The filter of the records behind it. */
  query: Record<string, string>
  total: number
}

export interface FigureRow extends FigureLine {
  cells: number[]
  active_s: number
}

export interface Figures {
  first: string
  last: string
  query: Record<string, string>
  rows: FigureRow[]
  columns: FigureLine[]
  total: number
  counted: number
  satisfaction: { asked: number; answers: number; mean: number | null }
  processing: { mean_s: number | null; median_s: number | null; p90_s: number | null } | null
}

export interface FigureQuery {
  rows: string
  columns: string
  from: string
  to: string
}

type Words = { t: (key: string) => string; te: (key: string) => boolean }

/** The name of a row or column: people and fault types have their own; codes have words; dates stand for themselves. */
export function lineName(words: Words, dimension: string, line: Pick<FigureLine, 'key' | 'label'>): string {
  if (line.label !== null) return safeText(line.label, 40)
  if (line.key === 'none') return words.t('statistics.none')
  const key = dimension === 'state' || dimension === 'result' ? `${dimension}.${line.key}` : `statistics.${dimension}_${line.key}`
  if (/^\w+$/.test(line.key) && words.te(key)) return words.t(key)
  return dimension === 'hour' ? `${line.key.padStart(2, '0')}:00` : safeText(line.key, 40)
}

/** Today's date and the first day of its month in a time zone, as YYYY-MM-DD. */
export function presetDays(now: Date, timeZone: string): { today: string; month: string } {
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(now)
  return { today, month: `${today.slice(0, 8)}01` }
}
