import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as T from '../types'
import { en } from './en'
import { ko } from './ko'
import { preferredLanguage } from './preferred'

const SOURCES = fileURLToPath(new URL('../../', import.meta.url))

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [name, text] of flat(value, `${prefix}${key}.`)) found.set(name, text)
  }
  return found
}

function sources(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf-8' })
    .filter((name) => /\.(vue|ts)$/.test(name) && !name.includes('.test.') && !/^(remote|protocol)/.test(name))
    .map((name) => readFileSync(join(SOURCES, name), 'utf-8'))
}

const KO = flat(ko)
const EN = flat(en)

describe('messages', () => {
  it('have the same keys and parameters in both languages', () => {
    expect([...EN.keys()].sort()).toEqual([...KO.keys()].sort())
    const parameters = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()
    for (const [key, text] of KO) expect(parameters(EN.get(key)!), key).toEqual(parameters(text))
  })

  it('are not empty and use no character that the message syntax takes for its own', () => {
    for (const [key, text] of [...KO, ...EN]) {
      expect(text.trim(), key).not.toBe('')
      expect(text, key).not.toMatch(/[|@]/)
    }
  })

  it('exist for every key that the sources name', () => {
    const missing = new Set<string>()
    for (const source of sources()) {
      for (const match of source.matchAll(/\bt\(\s*'([\w.]+)'/g)) if (!KO.has(match[1]!)) missing.add(match[1]!)
      for (const match of source.matchAll(/\? t?\(?'([a-z]\w*\.[\w.]+)'/g))
        if (!KO.has(match[1]!)) missing.add(match[1]!)
    }
    expect([...missing]).toEqual([])
  })

  it('exist for every value of the closed sets that are shown by name', () => {
    const families: [string, readonly string[]][] = [
      ['state', T.SESSION_STATES],
      ['state_help', T.SESSION_STATES],
      ['suspended', T.SUSPENDED_REASONS],
      ['result', T.RESULTS],
      ['role', T.ROLES],
      ['account_status', T.ACCOUNT_STATUSES],
      ['channel', T.CHANNELS],
      ['sas', T.SAS_POLICIES],
      ['page_mode', T.PAGE_MODES],
      ['language', T.LANGUAGES],
      ['login.bye', T.BYE_CODES],
      ['control.phase', ['connecting', 'securing', 'open', 'reconnecting', 'ended', 'failed']],
      ['lock', ['none', 'unverified', 'number', 'device_key']],
      ['control.key', ['cad', 'win', 'alt_tab', 'alt_f4', 'prtsc', 'hangul', 'hanja', 'task', 'esc']],
      ['error', ['NETWORK', 'NETWORK_next', 'SERVER_ERROR', 'SERVER_ERROR_next', 'BAD_ANSWER', 'BAD_ANSWER_next']],
    ]
    for (const [family, values] of families)
      for (const value of values) expect(KO.has(`${family}.${value}`), `${family}.${value}`).toBe(true)
  })

  it('keep the lock states in the words of the security design', () => {
    expect(ko.lock.unverified).toBe('종단 암호화 · 상대 미확인')
    expect(ko.lock.number).toBe('종단 암호화 · 확인번호 일치')
    expect(ko.lock.device_key).toBe('종단 암호화 · 등록기기 키 확인')
  })
})

describe('language of a new visitor', () => {
  it('is the first of the browser that we have', () => {
    expect(preferredLanguage(['ko-KR', 'en'])).toBe('ko')
    expect(preferredLanguage(['fr', 'en-US', 'ko'])).toBe('en')
    expect(preferredLanguage(['ja'])).toBe('en')
    expect(preferredLanguage([])).toBe('en')
  })
})
