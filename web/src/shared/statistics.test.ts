/** Names of rows and the preset periods of statistics. */
import { describe, expect, it } from 'vitest'
import { lineName, presetDays } from './statistics'

const words = { t: (key: string) => `<${key}>`, te: (key: string) => key === 'state.COMPLETED' || key === 'statistics.weekday_0' }

describe('statistics', () => {
  it('names a row by its label, its word, or as it is', () => {
    expect(lineName(words, 'operator', { key: '3', label: 'Kim\u202e' })).not.toContain('\u202e')
    expect(lineName(words, 'state', { key: 'COMPLETED', label: null })).toBe('<state.COMPLETED>')
    expect(lineName(words, 'weekday', { key: '0', label: null })).toBe('<statistics.weekday_0>')
    expect(lineName(words, 'hour', { key: '7', label: null })).toBe('07:00')
    expect(lineName(words, 'fault', { key: 'none', label: null })).toBe('<statistics.none>')
    expect(lineName(words, 'os', { key: 'beos', label: null })).toBe('beos')
  })

  it('begins days and months in the company, not in the browser', () => {
    expect(presetDays(new Date('2026-03-31T16:00:00Z'), 'Asia/Seoul')).toEqual({ today: '2026-04-01', month: '2026-04-01' })
    expect(presetDays(new Date('2026-03-31T16:00:00Z'), 'UTC')).toEqual({ today: '2026-03-31', month: '2026-03-01' })
  })
})
