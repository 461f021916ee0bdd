/** The window of files on a simulated line: it fills it and keeps its queue short. More cases: tests/agent/test_file_window.py. */

import { describe, expect, it } from 'vitest'
import { BulkWindow } from './window'

/** A file as long as wanted over a line of so many bytes per ms. -> bytes per ms, and the longest queue in the second half. */
function run(rate: number, roundTripMs: number, seconds: number): { rate: number; queueMs: number } {
  let now = 0
  let freeAt = 0
  let offset = 0
  let delivered = 0
  let queueMs = 0
  const window = new BulkWindow(() => now)
  const acks: { at: number; offset: number }[] = []
  while (now < seconds * 1000) {
    for (let size = window.room(); size > 0; size = window.room()) {
      window.sent(1, offset, size)
      freeAt = Math.max(freeAt, now) + size / rate
      acks.push({ at: freeAt + roundTripMs, offset })
      offset += size
    }
    const ack = acks.shift()!
    now = ack.at
    const size = window.acknowledged(1, ack.offset, 0)
    if (now < seconds * 500) continue
    delivered += size
    queueMs = Math.max(queueMs, freeAt - now)
  }
  return { rate: delivered / (seconds * 500), queueMs }
}

describe('BulkWindow', () => {
  it.each([
    [125, 20],
    [1_250, 20],
    [1_250, 100],
    [12_500, 5],
  ])('uses a line of %i bytes/ms with a round trip of %i ms, and keeps its queue short', (rate, roundTrip) => {
    const found = run(rate, roundTrip, 20)
    expect(found.rate).toBeGreaterThan(0.8 * rate)
    expect(found.queueMs - roundTrip).toBeLessThan(rate < 1000 ? 90 : 45)
  })

  it('forgets what is over', () => {
    const window = new BulkWindow(() => 0)
    for (let offset = 0, size = window.room(); size > 0; size = window.room()) {
      window.sent(3, offset, size)
      offset += size
    }
    expect(window.room()).toBe(0)
    window.forget(3)
    expect(window.room()).toBeGreaterThan(0)
    expect(window.acknowledged(3, 0, 0)).toBe(0)
  })
})
