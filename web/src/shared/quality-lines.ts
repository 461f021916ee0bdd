/** Five-second averages of a session -> what a small chart and a line of text need. */

import type { QualitySample } from './types'

export interface QualitySummary {
  readonly samples: number
  /** Medians; null where nothing was measured. */
  readonly latencyMs: number | null
  readonly rttMs: number | null
  readonly fps: number
  readonly kbitS: number
}

export function summaryOf(samples: readonly QualitySample[]): QualitySummary | null {
  if (samples.length === 0) return null
  return {
    samples: samples.length,
    latencyMs: median(samples.map((sample) => sample.latency_ms)),
    rttMs: median(samples.map((sample) => sample.rtt_ms)),
    fps: median(samples.map((sample) => sample.fps)) ?? 0,
    kbitS: median(samples.map((sample) => sample.kbit_s)) ?? 0,
  }
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  const middle = known.length >> 1
  if (known.length === 0) return null
  return known.length % 2 === 1 ? (known[middle] ?? null) : ((known[middle - 1] ?? 0) + (known[middle] ?? 0)) / 2
}

/** "x,y x,y ..." inside of width x height, the largest value at the top; a gap in the measuring is drawn through. */
export function pointsOf(samples: readonly QualitySample[], field: 'latency_ms' | 'fps', width: number, height: number): string {
  const known = samples.map((sample) => ({ at: Date.parse(sample.at), value: sample[field] })).filter(({ value }) => value !== null)
  const first = known[0]?.at ?? 0
  const span = Math.max((known.at(-1)?.at ?? 0) - first, 1)
  const top = Math.max(...known.map(({ value }) => value ?? 0), 1)
  const place = (at: number, value: number): string =>
    `${((width * (at - first)) / span).toFixed(1)},${(height - (height * value) / top).toFixed(1)}`
  return known.map(({ at, value }) => place(at, value ?? 0)).join(' ')
}
