import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  digitsOnly,
  followStatus,
  parseStatus,
  pollDelay,
  programConnected,
  scheduleHelp,
  tidyNumberInputs,
} from './page'

interface Element {
  dataset: Record<string, string>
  hidden: boolean
  textContent: string
}

const element = (dataset: Record<string, string> = {}): Element => ({ dataset, hidden: true, textContent: '' })

function pageOf(places: Record<string, unknown[]>): Document {
  return { body: element(), querySelectorAll: (selector: string) => places[selector] ?? [] } as unknown as Document
}

const answer = (body: unknown, ok = true): Response => ({ ok, json: async () => body }) as unknown as Response

describe('customer page', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('CUST-NUM: keeps the number to digits', () => {
    expect(digitsOnly(' 123-456 abc', 9)).toBe('123456')
    expect(digitsOnly('1234567890123', 6)).toBe('123456')
    const listeners: (() => void)[] = []
    const input = {
      value: '',
      maxLength: 6,
      removeAttribute: () => undefined,
      addEventListener: (_: string, f: () => void) => listeners.push(f),
    }
    tidyNumberInputs(pageOf({ 'input[name=number]': [input] }))
    input.value = '12 34 56'
    listeners[0]!()
    expect(input.value).toBe('123456')
  })

  it('FAQ-DL: shows help only when its time is over', () => {
    const help = element({ helpAfter: '30' })
    scheduleHelp(pageOf({ '[data-help-after]': [help] }))
    vi.advanceTimersByTime(29_999)
    expect(help.hidden).toBe(true)
    vi.advanceTimersByTime(1)
    expect(help.hidden).toBe(false)
  })

  it('calls the help off once the program has connected', async () => {
    const help = element({ helpAfter: '5' })
    const page = pageOf({ '[data-help-after]': [help] })
    followStatus(page, '/s', scheduleHelp(page), async () => answer({ state: 'ACTIVE', text: '', done: false }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(help.hidden).toBe(true)
  })

  it('shows the state as text and stops when it is done', async () => {
    const place = element()
    const ask = vi.fn(async () => answer({ state: 'COMPLETED', text: '<b>끝</b>', done: true }))
    followStatus(pageOf({ '[data-status]': [place] }), '/s', () => undefined, ask)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(place.textContent).toBe('<b>끝</b>')
    expect(place.hidden).toBe(false)
    expect(ask).toHaveBeenCalledTimes(1)
  })

  it('polls every two seconds and slows down while it fails', async () => {
    const ask = vi.fn(async () => answer({ state: 'CONNECTING', text: 'x', done: false }))
    followStatus(pageOf({}), '/s', () => undefined, ask)
    await vi.advanceTimersByTimeAsync(6000)
    expect(ask).toHaveBeenCalledTimes(4)
    ask.mockRejectedValue(new TypeError('no network'))
    await vi.advanceTimersByTimeAsync(2000 + 4000 + 8000)
    expect(ask).toHaveBeenCalledTimes(7)
    expect([0, 1, 4, 9].map(pollDelay)).toEqual([2000, 4000, 30_000, 30_000])
  })
})

describe('status answers', () => {
  it('are taken only when complete', () => {
    for (const bad of [null, 3, 'x', {}, { state: 'A', text: 1, done: false }, { state: 'A', text: '' }])
      expect(parseStatus(bad)).toBeNull()
    expect(parseStatus({ state: 'A', text: 'x'.repeat(1000), done: true })?.text).toHaveLength(400)
  })

  it('tell whether the program has connected', () => {
    expect(programConnected({ state: 'JOINING', text: '', done: false })).toBe(false)
    expect(programConnected({ state: 'ACTIVE', text: '', done: false })).toBe(true)
    expect(programConnected({ state: 'JOINING', text: '', done: true })).toBe(true)
  })
})
