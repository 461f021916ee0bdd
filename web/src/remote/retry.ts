/** When to try again after a lost link or a refused control: exponential, with full jitter. */

import { endingOfError, type Ending } from './endings'

const FIRST_MS = 500
const LONGEST_MS = 5000
/** A relay that answers "no" at once must not be asked in a tight loop. */
const LEAST_MS = 100

export class Retry {
  private tries = 0
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly random: () => number,
    private readonly action: () => void,
  ) {}

  /** The next wait is a short one again. */
  succeeded(): void {
    this.tries = 0
  }

  later(): void {
    const limit = Math.min(FIRST_MS * 2 ** this.tries, LONGEST_MS)
    this.tries += 1
    this.after(LEAST_MS + this.random() * (limit - LEAST_MS))
  }

  now(): void {
    this.after(0)
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private after(ms: number): void {
    this.cancel()
    this.timer = setTimeout(() => {
      this.timer = null
      this.action()
    }, ms)
  }
}

export const AGENT_OFFLINE = 'AGENT_OFFLINE'
const TOO_MANY = 429

/**
 * `problem`: what `openControl` threw. Without an answer of the server, or with one of overload, a new try is worth it; so it
 * is with AGENT_OFFLINE.
 */
export function refusalOf(problem: unknown): Ending {
  const { code, status } = (typeof problem === 'object' && problem !== null ? problem : {}) as { code?: unknown; status?: unknown }
  if (typeof code !== 'string' || typeof status !== 'number') return endingOfError(problem)
  const passing = status === 0 || status === TOO_MANY || status >= 500 || code === AGENT_OFFLINE
  return { kind: passing ? 'retry' : 'failed', code }
}
