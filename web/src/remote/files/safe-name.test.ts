/** Names from the PC become names that this computer can have, and that hide nothing. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbered, safeName } from './safe-name'

describe('safeName', () => {
  it.each([
    ['보고서.hwp', '보고서.hwp'],
    ['한글', '한글'],
    ['../../etc/passwd', '.._.._etc_passwd'],
    ['C:\\x', 'C__x'],
    ['a\u202efdp.exe', 'afdp.exe'],
    ['con.txt', '_con.txt'],
    ['trailing. .', 'trailing'],
    ['', '_'],
    ['\u0000\u0007', '_'],
  ])('%j -> %j', (name, expected) => {
    expect(safeName(name)).toBe(expected)
  })

  it('keeps the extension of a long name', () => {
    const name = safeName(`${'가'.repeat(300)}.xlsx`)
    expect(name.endsWith('…') || name.length < 100).toBe(true)
    expect(new TextEncoder().encode(safeName(`${'가'.repeat(80)}.xlsx`)).length).toBeLessThanOrEqual(200)
    expect(safeName(`${'가'.repeat(80)}.xlsx`).endsWith('.xlsx')).toBe(true)
  })

  it('is one name of one folder, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const safe = safeName(name)
        expect(safe).not.toMatch(/[\\/:*?"<>|\u0000-\u001f]/)
        expect(['', '.', '..']).not.toContain(safe)
        expect(new TextEncoder().encode(safe).length).toBeLessThanOrEqual(201)
      }),
    )
  })
})

describe('numbered', () => {
  it.each([
    ['a.txt', 'a (2).txt'],
    ['a', 'a (2)'],
    ['.rc', '.rc (2)'],
  ])('%s -> %s', (name, expected) => {
    expect(numbered(name, 2)).toBe(expected)
  })
})
