/** Numbers, times and durations as people read them. Pure functions; units are in the names. */

import type { Language } from './types'

/** The groups in which a connection or confirmation number is read aloud: "123456" -> ["123", "456"]. */
export function numberGroups(digits: string): string[] {
  const sizes: Record<number, number[]> = { 5: [3, 2], 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3] }
  const groups: string[] = []
  let at = 0
  for (const size of sizes[digits.length] ?? [digits.length]) {
    groups.push(digits.slice(at, at + size))
    at += size
  }
  return groups
}

/** "4:05", "1:02:03"; negative and broken values are 0:00. */
export function clockText(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** "850 kbit/s", "2.4 Mbit/s". */
export function bitrateText(kbitPerSecond: number): string {
  if (!Number.isFinite(kbitPerSecond) || kbitPerSecond < 0) return '–'
  if (kbitPerSecond < 1000) return `${Math.round(kbitPerSecond)} kbit/s`
  return `${(kbitPerSecond / 1000).toFixed(1)} Mbit/s`
}

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** "512 B", "1.5 MB": steps of 1024, one decimal below 10. */
export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–'
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value))} ${BYTE_UNITS[unit] ?? ''}`
}

/** An ISO time in the company's time zone, "–" for null. */
export function timeText(iso: string | null, language: Language, timeZone: string, withDate = true): string {
  const at = iso === null ? NaN : Date.parse(iso)
  if (Number.isNaN(at)) return '–'
  const date: Intl.DateTimeFormatOptions = withDate ? { year: 'numeric', month: '2-digit', day: '2-digit' } : {}
  const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
  return new Intl.DateTimeFormat(language, { ...date, ...clock, timeZone: knownZone(timeZone) }).format(at)
}

/** -> "2026-03-02" of an ISO time in a time zone; one formatter for many times. */
export function dayIn(timeZone: string): (iso: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone: knownZone(timeZone) })
  return (iso) => {
    const at = Date.parse(iso)
    return Number.isNaN(at) ? '' : format.format(at)
  }
}

/** The day of an ISO time in the browser's time zone, "–" for null. */
export function dayText(iso: string | null, language: Language): string {
  const at = iso === null ? NaN : Date.parse(iso)
  return Number.isNaN(at) ? '–' : new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(at)
}

function knownZone(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch (problem) {
    if (problem instanceof RangeError) return 'UTC'
    throw problem
  }
}

/** Value of an `<input type="datetime-local">` (browser's time zone) from an ISO time; "" for null. */
export function toLocalInput(iso: string | null): string {
  const at = iso === null ? NaN : Date.parse(iso)
  if (Number.isNaN(at)) return ''
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** The reverse of `toLocalInput`; null for an empty or broken value. */
export function fromLocalInput(value: string): string | null {
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}
