import { describe, expect, it } from 'vitest'
import { fileName } from './saving'

const AT = new Date(2026, 10, 3, 9, 5, 7)

describe('RC-SHOT: the name of a saved picture', () => {
  it('says what, where and when', () => {
    expect(fileName('영업부 PC-7', AT, 'png')).toBe('WizHelper_영업부_PC-7_2026-11-03_090507.png')
  })

  it('does without a title', () => {
    expect(fileName('', AT, 'png')).toBe('WizHelper_2026-11-03_090507.png')
  })

  it.each(['../../etc/passwd', 'C:\\Windows\\x.exe', 'a\u202egnp.exe', 'con|<>"?*', 'x'.repeat(5000), 'a\nb\u0000c'])(
    'makes %j harmless',
    (title) => {
      const name = fileName(title, AT, 'png')
      expect(name).toMatch(/^WizHelper_[^\\/:*?"<>|.\u0000-\u001f\u202e]*_2026-11-03_090507\.png$/u)
      expect(name.length).toBeLessThan(110)
    },
  )
})
