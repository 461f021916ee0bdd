/** What the record shows of the remote screen's quality. */

import { describe, expect, it } from 'vitest'
import { pointsOf, summaryOf } from './quality-lines'
import type { QualitySample } from './types'

const sample = (second: number, latency: number | null, fps = 30): QualitySample => ({
  at: `2026-03-01T00:00:${String(second).padStart(2, '0')}Z`,
  latency_ms: latency,
  rtt_ms: null,
  fps,
  kbit_s: 100,
})

describe('quality of a session', () => {
  it('is summed up by medians, without what was not measured', () => {
    const samples = [sample(0, 10), sample(5, null), sample(10, 30), sample(15, 500)]
    expect(summaryOf(samples)).toEqual({ samples: 4, latencyMs: 30, rttMs: null, fps: 30, kbitS: 100 })
    expect(summaryOf(samples.slice(0, 3))?.latencyMs).toBe(20)
    expect(summaryOf([])).toBeNull()
  })

  it('is drawn over its time, the largest value at the top', () => {
    const samples = [sample(0, 50), sample(5, null), sample(10, 100)]
    expect(pointsOf(samples, 'latency_ms', 100, 20)).toBe('0.0,10.0 100.0,0.0')
    expect(pointsOf([], 'fps', 100, 20)).toBe('')
  })
})
