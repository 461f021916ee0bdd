import { describe, expect, it } from 'vitest'
import { csvText } from './csv-text'

describe('text of a CSV file', () => {
  it('is UTF-8, without its mark', () => {
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...new TextEncoder().encode('id,이름')])
    expect(csvText(bytes.buffer)).toBe('id,이름')
  })

  it('is the Korean code page where it is no UTF-8', () => {
    expect(csvText(new Uint8Array([0xb1, 0xe8]).buffer)).toBe('김')
  })
})
