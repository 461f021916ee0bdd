import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_SHOWN, safeParagraphs, safeText } from './safe-text'

describe('safeText', () => {
  it('leaves ordinary Korean and English names as they are', () => {
    expect(safeText('회계팀-PC 03 (김 대리)')).toBe('회계팀-PC 03 (김 대리)')
  })

  it('takes bidi overrides out, so that a name cannot be turned around', () => {
    expect(safeText('invoice\u202Egpj.exe\u2066x\u2069\u200F')).toBe('invoicegpj.exex')
  })

  it('makes control characters and line separators one space', () => {
    expect(safeText('a\u0000\u001b[31m\r\nb\u2028c')).toBe('a [31m b c')
  })

  it('takes invisible characters out', () => {
    expect(safeText('P\u200bC\u3164\ufeff\u00ad1\u{e0041}')).toBe('PC1')
  })

  it('keeps markup as text', () => {
    expect(safeText('<img src=x onerror=alert(1)>')).toBe('<img src=x onerror=alert(1)>')
  })

  it('cuts at the limit and says so', () => {
    expect(Array.from(safeText('가'.repeat(MAX_SHOWN)))).toHaveLength(MAX_SHOWN)
    const cut = safeText('가'.repeat(MAX_SHOWN + 1))
    expect(Array.from(cut)).toHaveLength(MAX_SHOWN)
    expect(cut.endsWith('…')).toBe(true)
  })

  it('never splits a pair and drops halves', () => {
    expect(safeText('😀'.repeat(100), 3)).toBe('😀😀…')
    expect(safeText('a\ud83db')).toBe('ab')
  })

  it('does not let marks pile up', () => {
    expect(safeText('a' + '\u0300'.repeat(50))).toBe('a' + '\u0300'.repeat(4))
  })

  it('gives "" for what is not a string', () => {
    for (const value of [null, undefined, 3, {}, []]) expect(safeText(value)).toBe('')
  })

  it('is total, bounded and stable for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const shown = safeText(text)
        expect(Array.from(shown).length).toBeLessThanOrEqual(MAX_SHOWN)
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
        expect(safeText(shown)).toBe(shown)
      }),
    )
  })

  it('answers at once for a megabyte', () => {
    const before = performance.now()
    safeText('\u0300'.repeat(1_000_000))
    expect(performance.now() - before).toBeLessThan(100)
  })
})

describe('safeParagraphs', () => {
  it('keeps line breaks and nothing else of control', () => {
    expect(safeParagraphs('한 줄\r\n두\u202e 줄\u0007')).toBe('한 줄\n두 줄')
  })
})
