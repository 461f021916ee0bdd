import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { savedCapture, savedLanguage, savedLogin, savedTheme } from './storage'

describe('what the browser remembers', () => {
  let kept: Map<string, string>

  beforeEach(() => {
    kept = new Map()
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    })
  })
  afterEach(() => void vi.unstubAllGlobals())

  it('OP-LOGIN-SAVE: keeps company and ID, and forgets both', () => {
    expect(savedLogin.get()).toBeNull()
    savedLogin.set({ company: 'demo', id: 'op1' })
    expect(savedLogin.get()).toEqual({ company: 'demo', id: 'op1' })
    expect([...kept.keys()].sort()).toEqual(['wizhelper.login.company', 'wizhelper.login.id'])
    savedLogin.set(null)
    expect(kept.size).toBe(0)
  })

  it('takes rubbish for nothing', () => {
    for (const name of ['language', 'theme', 'capture']) kept.set(`wizhelper.${name}`, '<b>')
    expect([savedLanguage.get(), savedTheme.get(), savedCapture.get()]).toEqual([null, null, 'fast'])
  })

  it('lives with a storage that is blocked', () => {
    const refuse = (): never => {
      throw new DOMException('blocked', 'SecurityError')
    }
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse })
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    savedLanguage.set('ko')
    expect(savedLanguage.get()).toBeNull()
  })
})
