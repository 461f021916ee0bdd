/** RC-FULL: the keyboard is locked with the full screen and unlocked with its end, however it ends. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, shallowRef, type EffectScope } from 'vue'
import { canLockKeyboard, useFullScreen, type FullScreen } from './full-screen'

class Page extends EventTarget {
  fullscreenElement: unknown = null

  show(element: unknown): void {
    this.fullscreenElement = element
    this.dispatchEvent(new Event('fullscreenchange'))
  }

  exitFullscreen(): Promise<void> {
    this.show(null)
    return Promise.resolve()
  }
}

let page: Page
let calls: string[]
let scope: EffectScope
let lock: () => Promise<void>

beforeEach(() => {
  page = new Page()
  calls = []
  lock = () => Promise.resolve()
  scope = effectScope()
  vi.stubGlobal('document', page)
  vi.stubGlobal('navigator', {
    keyboard: {
      lock: () => {
        calls.push('lock')
        return lock()
      },
      unlock: () => calls.push('unlock'),
    },
  })
})

afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function make(): FullScreen {
  const element = {
    requestFullscreen: () => {
      page.show(element)
      return Promise.resolve()
    },
  }
  return scope.run(() => useFullScreen(shallowRef(element as unknown as HTMLElement)))!
}

describe('useFullScreen', () => {
  it('locks after it has begun and unlocks when it ends', async () => {
    const { full, locked, toggle } = make()
    await toggle()
    expect([full.value, locked.value, calls]).toEqual([true, true, ['lock']])
    await toggle()
    expect([full.value, locked.value, calls]).toEqual([false, false, ['lock', 'unlock']])
  })

  it('unlocks when Esc was held, which asks nobody', async () => {
    const { full, locked, toggle } = make()
    await toggle()
    page.show(null)
    expect([full.value, locked.value, calls.at(-1)]).toEqual([false, false, 'unlock'])
  })

  it('is full but not locked when the operator refuses', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue()
    lock = () => Promise.reject(new DOMException('refused'))
    const { full, locked, toggle } = make()
    await toggle()
    expect([full.value, locked.value, warned.mock.calls.length]).toEqual([true, false, 1])
  })

  it('does not stay locked when the permission comes after the end', async () => {
    lock = () => page.exitFullscreen()
    const { locked, toggle } = make()
    await toggle()
    expect([locked.value, calls.at(-1)]).toEqual([false, 'unlock'])
  })

  it('unlocks when the view goes away', async () => {
    const { toggle } = make()
    await toggle()
    scope.stop()
    expect(calls).toEqual(['lock', 'unlock'])
  })

  it('says that a browser has no lock', async () => {
    vi.stubGlobal('navigator', {})
    const { full, locked, toggle } = make()
    await toggle()
    expect([canLockKeyboard(), full.value, locked.value]).toEqual([false, true, false])
  })
})
