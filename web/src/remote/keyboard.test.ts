/** Key and composition events as Chrome and Firefox fire them -> what the agent gets. */

import { beforeEach, describe, expect, it } from 'vitest'
import { HeldKeys, type KeyEvent } from './keys'
import { PhysicalKeyboard } from './physical-keyboard'
import { TextKeyboard, type TextEvent } from './text-keyboard'

let sent: string[]
let held: HeldKeys
let prevented: number
let now: number

beforeEach(() => {
  sent = []
  prevented = 0
  now = 0
  held = new HeldKeys((message) => {
    if (message.type === 'key') sent.push(`${message.code} ${message.down ? 'down' : 'up'}`)
  })
})

const prevent = (): void => {
  prevented += 1
}

function key(code: string, name: string, extra: Partial<KeyEvent> & { altGraph?: boolean } = {}): KeyEvent {
  now += 100
  return {
    code, key: name, keyCode: 0, repeat: false, isComposing: false, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false,
    timeStamp: now, getModifierState: (state) => state === 'AltGraph' && extra.altGraph === true, preventDefault: prevent, ...extra,
  }
}

describe('physical mode', () => {
  let keyboard: PhysicalKeyboard
  beforeEach(() => {
    keyboard = new PhysicalKeyboard(held)
  })

  it('sends places, repeats included, and keeps them from the browser', () => {
    keyboard.down(key('KeyA', 'ㅁ'))
    keyboard.down(key('KeyA', 'ㅁ', { repeat: true }))
    keyboard.up(key('KeyA', 'ㅁ'))
    expect(sent).toEqual(['KeyA down', 'KeyA down', 'KeyA up'])
    expect(prevented).toBe(3)
  })

  it.each([['Lang1', 'HangulMode', 'Lang1'], ['AltRight', 'HangulMode', 'Lang1'], ['ControlRight', 'HanjaMode', 'Lang2'], ['Lang2', 'Unidentified', 'Lang2']])(
    'taps the Korean key %s/%s, which never says that it came up', (code, name, expected) => {
      keyboard.down(key(code, name))
      keyboard.up(key(code, name))
      expect(sent).toEqual([`${expected} down`, `${expected} up`])
    },
  )

  it('leaves AltRight alone where it is no Korean key', () => {
    keyboard.down(key('AltRight', 'Alt'))
    keyboard.up(key('AltRight', 'Alt'))
    expect(sent).toEqual(['AltRight down', 'AltRight up'])
  })

  it('takes back the Control that Windows makes up for AltGr', () => {
    keyboard.down(key('ControlLeft', 'Control', { timeStamp: 5 }))
    keyboard.down(key('AltRight', 'AltGraph', { timeStamp: 5 }))
    keyboard.up(key('ControlLeft', 'Control'))
    keyboard.up(key('AltRight', 'AltGraph'))
    expect(sent).toEqual(['ControlLeft down', 'ControlLeft up', 'AltRight down', 'AltRight up'])
  })

  it('keeps a Control that the operator holds', () => {
    keyboard.down(key('ControlLeft', 'Control', { timeStamp: 5 }))
    keyboard.down(key('AltRight', 'AltGraph', { timeStamp: 900 }))
    expect(sent).toEqual(['ControlLeft down', 'AltRight down'])
  })

  it('lifts what macOS does not tell about when Meta comes up', () => {
    keyboard.down(key('MetaLeft', 'Meta'))
    keyboard.down(key('KeyC', 'c'))
    keyboard.up(key('MetaLeft', 'Meta'))
    expect(sent).toEqual(['MetaLeft down', 'KeyC down', 'MetaLeft up', 'KeyC up'])
  })

  it('lifts them also when the Meta was pressed before the view had the focus', () => {
    keyboard.down(key('KeyC', 'c', { metaKey: true }))
    keyboard.up(key('MetaLeft', 'Meta'))
    expect(sent).toEqual(['KeyC down', 'KeyC up'])
  })

  it('lifts a key that the operator’s layout renames while it is down', () => {
    keyboard.down(key('AltRight', 'Alt'))
    keyboard.down(key('AltRight', 'HangulMode'))
    expect(sent).toEqual(['AltRight down', 'AltRight up', 'Lang1 down', 'Lang1 up'])
  })

  it('ignores keys without a place and names that no agent takes', () => {
    keyboard.down(key('', 'a'))
    keyboard.down(key('Weird-Key', 'x'))
    keyboard.down(key('A'.repeat(25), 'x'))
    expect(sent).toEqual([])
  })
})

describe('text mode', () => {
  let keyboard: TextKeyboard
  beforeEach(() => {
    keyboard = new TextKeyboard(held, (message) => {
      if (message.type === 'text') sent.push(message.text)
    })
  })

  const input = (inputType: string, data: string | null, extra: Partial<TextEvent> = {}): void => {
    keyboard.beforeInput({ inputType, data, isComposing: false, preventDefault: prevent, ...extra })
  }
  const stroke = (code: string, name: string, extra: Partial<KeyEvent> = {}): void => {
    keyboard.down(key(code, name, extra))
    keyboard.up(key(code, name, extra))
  }

  it('sends plain letters as text', () => {
    keyboard.down(key('KeyA', 'a'))
    input('insertText', 'a')
    keyboard.up(key('KeyA', 'a'))
    expect(sent).toEqual(['a'])
  })

  it('Chrome: 한 and then a blank, each once', () => {
    const ime = { keyCode: 229 }
    keyboard.down(key('KeyG', 'Process', ime))
    keyboard.compositionStart()
    input('insertCompositionText', 'ㅎ', { isComposing: true })
    keyboard.up(key('KeyG', 'g', { isComposing: true }))
    keyboard.down(key('KeyK', 'Process', { ...ime, isComposing: true }))
    input('insertCompositionText', '하', { isComposing: true })
    keyboard.down(key('KeyS', 'Process', { ...ime, isComposing: true }))
    input('insertCompositionText', '한', { isComposing: true })
    keyboard.down(key('Space', 'Process', { ...ime, isComposing: true }))
    keyboard.compositionEnd('한')
    input('insertText', ' ')
    keyboard.up(key('Space', ' '))
    expect(sent).toEqual(['한', ' '])
  })

  it('Chrome: a vowel takes the last consonant along (안 + ㅣ -> 아, 니)', () => {
    keyboard.down(key('KeyD', 'Process', { keyCode: 229 }))
    keyboard.compositionStart()
    input('insertCompositionText', '안', { isComposing: true })
    keyboard.down(key('KeyL', 'Process', { keyCode: 229, isComposing: true }))
    keyboard.compositionEnd('아')
    keyboard.compositionStart()
    input('insertCompositionText', '니', { isComposing: true })
    keyboard.compositionEnd('니')
    expect(sent).toEqual(['아', '니'])
  })

  it('Firefox: the input event after compositionend sends nothing again', () => {
    keyboard.down(key('KeyR', 'Process', { keyCode: 229 }))
    keyboard.compositionStart()
    input('insertCompositionText', '가', { isComposing: true })
    keyboard.compositionEnd('가')
    input('insertCompositionText', '가')
    expect(sent).toEqual(['가'])
  })

  it('Safari: insertFromComposition sends nothing again, and its last keydown is ignored', () => {
    keyboard.compositionStart()
    input('insertFromComposition', '가')
    keyboard.compositionEnd('가')
    keyboard.down(key('Enter', 'Enter', { keyCode: 229 }))
    expect(sent).toEqual(['가'])
  })

  it('Enter that ends a composition arrives once, by key or by line break', () => {
    keyboard.compositionStart()
    keyboard.down(key('Enter', 'Enter', { keyCode: 229, isComposing: true }))
    keyboard.compositionEnd('가')
    stroke('Enter', 'Enter', { keyCode: 13 })
    expect(sent).toEqual(['가', 'Enter down', 'Enter up'])
    sent.length = 0
    keyboard.compositionStart()
    keyboard.down(key('Enter', 'Process', { keyCode: 229, isComposing: true }))
    keyboard.compositionEnd('나')
    input('insertLineBreak', null)
    expect(sent).toEqual(['나', 'Enter down', 'Enter up'])
  })

  it('a composition that was given up sends nothing', () => {
    keyboard.compositionStart()
    keyboard.compositionEnd('')
    expect(sent).toEqual([])
  })

  it('keys that write nothing and combinations go as keys', () => {
    stroke('ArrowLeft', 'ArrowLeft')
    stroke('Backspace', 'Backspace')
    keyboard.down(key('ControlLeft', 'Control', { ctrlKey: true }))
    stroke('KeyC', 'c', { ctrlKey: true })
    keyboard.up(key('ControlLeft', 'Control'))
    expect(sent).toEqual([
      'ArrowLeft down', 'ArrowLeft up', 'Backspace down', 'Backspace up',
      'ControlLeft down', 'KeyC down', 'KeyC up', 'ControlLeft up',
    ])
  })

  it('a key of a combination comes up when it begins to write', () => {
    keyboard.down(key('ControlLeft', 'Control', { ctrlKey: true }))
    keyboard.down(key('KeyA', 'a', { ctrlKey: true }))
    keyboard.up(key('ControlLeft', 'Control'))
    keyboard.down(key('KeyA', 'a', { repeat: true }))
    input('insertText', 'a')
    expect(sent).toEqual(['ControlLeft down', 'KeyA down', 'ControlLeft up', 'KeyA up', 'a'])
  })

  it('Shift goes only with keys that it changes, never with text', () => {
    keyboard.down(key('ShiftLeft', 'Shift', { shiftKey: true }))
    keyboard.down(key('KeyA', 'A', { shiftKey: true }))
    input('insertText', 'A')
    expect(sent).toEqual(['A'])
    stroke('ArrowRight', 'ArrowRight', { shiftKey: true })
    input('insertText', 'B')
    keyboard.up(key('ShiftLeft', 'Shift'))
    expect(sent).toEqual(['A', 'ShiftLeft down', 'ArrowRight down', 'ArrowRight up', 'ShiftLeft up', 'B'])
  })

  it('Shift goes with a click', () => {
    keyboard.down(key('ShiftRight', 'Shift', { shiftKey: true }))
    keyboard.shift(true)
    keyboard.up(key('ShiftRight', 'Shift'))
    expect(sent).toEqual(['ShiftRight down', 'ShiftRight up'])
  })

  it('characters of AltGr are text, and its made-up Control is taken back', () => {
    keyboard.down(key('ControlLeft', 'Control', { ctrlKey: true, timeStamp: 7 }))
    keyboard.down(key('AltRight', 'AltGraph', { ctrlKey: true, altKey: true, timeStamp: 7, altGraph: true }))
    keyboard.down(key('KeyE', '€', { ctrlKey: true, altKey: true, altGraph: true }))
    input('insertText', '€')
    expect(sent).toEqual(['ControlLeft down', 'ControlLeft up', '€'])
  })

  it.each(['HangulMode', 'HanjaMode', 'CapsLock', 'Dead', 'Process'])('%s stays with the operator', (name) => {
    stroke('Lang1', name)
    expect([sent, prevented]).toEqual([[], 0])
  })

  it('pasted text comes from the transfer where the event has no data', () => {
    input('insertFromPaste', null, { dataTransfer: { getData: () => '붙임' } })
    expect(sent).toEqual(['붙임'])
  })
})
