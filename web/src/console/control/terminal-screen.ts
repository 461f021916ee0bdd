/**
 * The picture of a terminal (xterm.js), made safe for what a foreign PC writes: no links, no clipboard, no titles, no
 * colours of the whole screen, and nothing that is repeated without end.
 */

import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import { cspNonce } from '../../shared/nonce'

/** Lines kept above the screen. */
const SCROLLBACK = 5000

/** Sequences that xterm.js repeats as often as they say: two thousand million times would hang the page. */
const REPEATED = ['I', 'Z', 'L', 'M', 'S', 'T', 'b'] as const
export const MAX_REPEAT = 1000

/** Titles, palette, folder, links, colours, clipboard: what changes more than the text on this screen. */
const REFUSED_OSC = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 52, 104, 110, 111, 112, 777, 1337] as const

export interface TerminalScreen {
  readonly terminal: Terminal
  /** The number of columns and rows follows the room that the element has. */
  fit: () => void
  dispose: () => void
}

/** The style attribute is refused by the page's policy, the same through the object model is not. */
function styledByObject(made: HTMLElement): void {
  const setAttribute = made.setAttribute.bind(made)
  made.setAttribute = (name: string, value: string): void => {
    if (name === 'style') made.style.cssText = value
    else setAttribute(name, value)
  }
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  const made = Document.prototype.createElement.call(document, name, options)
  if (made instanceof HTMLStyleElement) made.nonce = cspNonce()
  else styledByObject(made)
  return made
}

/** What xterm.js makes keeps to the page's policy: its style sheets carry the nonce. */
function documentWithNonce(): Document {
  return new Proxy(document, {
    get: (target, key) => {
      if (key === 'createElement') return createElement
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** xterm.js 6 makes the style of its scroll bar with the page's own document, whatever document it was given. */
function openWithNonce(terminal: Terminal, element: HTMLElement): void {
  Object.defineProperty(document, 'createElement', { value: createElement, configurable: true })
  try {
    terminal.open(element)
  } finally {
    Reflect.deleteProperty(document, 'createElement')
  }
}

export function isExcessive(params: readonly (number | number[])[]): boolean {
  return params.some((param) => typeof param === 'number' && param > MAX_REPEAT)
}

function refuse(terminal: Terminal): void {
  for (const final of REPEATED) terminal.parser.registerCsiHandler({ final }, isExcessive)
  for (const code of REFUSED_OSC) terminal.parser.registerOscHandler(code, () => true)
}

export function createTerminalScreen(element: HTMLElement, fontSize: number): TerminalScreen {
  const terminal = new Terminal({
    documentOverride: documentWithNonce(),
    fontSize,
    fontFamily: 'ui-monospace, "D2Coding", Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK KR", monospace',
    scrollback: SCROLLBACK,
    cursorBlink: true,
    // A foreign PC could fill the browser's log with what is no sequence.
    logLevel: 'off',
    linkHandler: { activate: () => undefined, allowNonHttpProtocols: false },
    theme: { background: '#10151d', foreground: '#e6ebf2' },
  })
  const fitter = new FitAddon()
  terminal.loadAddon(fitter)
  refuse(terminal)
  openWithNonce(terminal, element)
  const fit = (): void => {
    // A hidden element has no room; xterm.js would shrink to two columns.
    if (element.clientWidth > 0 && element.clientHeight > 0) fitter.fit()
  }
  fit()
  return { terminal, fit, dispose: () => terminal.dispose() }
}
