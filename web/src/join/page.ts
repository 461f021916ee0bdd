/**
 * The customer's page, made livelier. It works without this script: forms, links and help are in the HTML.
 *
 *     <body data-status-url="…">   JSON {"state": "CONNECTING", "text": "…", "done": false}, asked every 2 s
 *     <p data-status hidden>       shows `text`
 *     <div data-help-after="30" hidden>   shown after that many seconds when the program has not connected
 *     <input name="number">        digits only
 */

export interface Status {
  state: string
  text: string
  done: boolean
}

const POLL_MS = 2000
const POLL_MAX_MS = 30_000
const MAX_TEXT = 400
/** From these states on the program has reached us: no help is needed any more. */
const CONNECTED = [
  'APPROVAL',
  'ACTIVE',
  'SUSPENDED',
  'WRAPUP',
  'COMPLETED',
  'ABNORMAL',
  'REFUSED',
  'EXPIRED',
  'CANCELLED',
]

/** The answer, or null when it is not one. */
export function parseStatus(value: unknown): Status | null {
  const { state, text, done } = (value ?? {}) as Partial<Record<keyof Status, unknown>>
  if (typeof state !== 'string' || typeof text !== 'string' || typeof done !== 'boolean') return null
  return { state, text: text.slice(0, MAX_TEXT), done }
}

export const programConnected = (status: Status): boolean => status.done || CONNECTED.includes(status.state)

/** Next wait after `failures` failed polls in a row. */
export const pollDelay = (failures: number): number => Math.min(POLL_MAX_MS, POLL_MS * 2 ** failures)

export const digitsOnly = (text: string, limit: number): string => text.replace(/\D/g, '').slice(0, limit)

/** Keeps the number field to digits; pasted "123 456" becomes "123456". */
export function tidyNumberInputs(page: Document): void {
  for (const input of page.querySelectorAll<HTMLInputElement>('input[name=number]')) {
    const limit = input.maxLength > 0 ? input.maxLength : 9
    input.removeAttribute('maxlength')
    input.addEventListener('input', () => {
      const tidy = digitsOnly(input.value, limit)
      if (tidy !== input.value) input.value = tidy
    })
  }
}

/** Shows help blocks after their time; the function given back calls the rest off. */
export function scheduleHelp(page: Document): () => void {
  const timers = Array.from(page.querySelectorAll<HTMLElement>('[data-help-after]'), (block) =>
    setTimeout(() => (block.hidden = false), Math.max(0, Number(block.dataset.helpAfter) || 0) * 1000),
  )
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

function show(page: Document, status: Status): void {
  page.body.dataset.state = status.state
  for (const place of page.querySelectorAll<HTMLElement>('[data-status]')) {
    place.textContent = status.text
    place.hidden = status.text === ''
  }
}

/** Asks `url` until the session is done. A failed poll is asked again later and later. */
export function followStatus(page: Document, url: string, onConnected: () => void, ask: typeof fetch = fetch): void {
  let failures = 0
  const poll = async (): Promise<void> => {
    const status = await askStatus(url, ask)
    failures = status === null ? failures + 1 : 0
    if (status !== null) {
      show(page, status)
      if (programConnected(status)) onConnected()
      if (status.done) return
    }
    setTimeout(() => void poll(), pollDelay(failures))
  }
  void poll()
}

/** null when there was no usable answer: the page keeps what it shows. */
async function askStatus(url: string, ask: typeof fetch): Promise<Status | null> {
  try {
    const answer = await ask(url, {
      headers: { Accept: 'application/json' },
      cache: 'no-store',
      credentials: 'same-origin',
    })
    return answer.ok ? parseStatus(await answer.json()) : null
  } catch (problem) {
    if (problem instanceof TypeError || problem instanceof SyntaxError) return null
    throw problem
  }
}
