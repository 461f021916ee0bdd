import { describe, expect, it } from 'vitest'
import { bitrateText, clockText, fromLocalInput, numberGroups, timeText, toLocalInput } from './format'

describe('numbers read aloud', () => {
  it.each([
    ['1234', ['1234']],
    ['12345', ['123', '45']],
    ['123456', ['123', '456']],
    ['1234567', ['123', '4567']],
    ['12345678', ['1234', '5678']],
    ['123456789', ['123', '456', '789']],
  ])('%s is grouped', (digits, groups) => {
    expect(numberGroups(digits)).toEqual(groups)
  })

  it('loses no digit, whatever the length', () => {
    for (let length = 0; length < 15; length++) {
      const digits = '123456789012345'.slice(0, length)
      expect(numberGroups(digits).join('')).toBe(digits)
    }
  })
})

describe('durations', () => {
  it.each([
    [0, '0:00'],
    [59.9, '0:59'],
    [60, '1:00'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [-5, '0:00'],
    [NaN, '0:00'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(clockText(seconds)).toBe(text)
  })
})

describe('bit rate', () => {
  it('changes its unit at 1000 kbit/s', () => {
    expect(bitrateText(999)).toBe('999 kbit/s')
    expect(bitrateText(1000)).toBe('1.0 Mbit/s')
    expect(bitrateText(NaN)).toBe('–')
  })
})

describe('times', () => {
  it('are shown in the zone of the company', () => {
    expect(timeText('2026-03-01T15:04:05Z', 'en', 'Asia/Seoul', false)).toBe('00:04:05')
    expect(timeText('2026-03-01T15:04:05Z', 'en', 'Asia/Seoul')).toContain('03/02/2026')
  })

  it('survive an unknown zone, null and rubbish', () => {
    expect(timeText('2026-03-01T15:04:05Z', 'en', 'Mars/Base', false)).toBe('15:04:05')
    expect(timeText(null, 'ko', 'UTC')).toBe('–')
    expect(timeText('yesterday', 'ko', 'UTC')).toBe('–')
  })

  it('go through a datetime-local field and back', () => {
    const iso = '2026-03-01T15:04:00.000Z'
    expect(fromLocalInput(toLocalInput(iso))).toBe(iso)
    expect(fromLocalInput('')).toBeNull()
    expect(toLocalInput(null)).toBe('')
  })
})
