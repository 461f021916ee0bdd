/** Notices when the engine's thread does not answer any more, whatever an agent sent to bring it there. */

const INTERVAL_MS = 2000
/** Unanswered questions in a row; counted, not timed, because timers of a sleeping machine come late. */
const MISSES = 5

export class Watchdog {
  private timer: ReturnType<typeof setInterval> | null = null
  private misses = 0

  constructor(
    private readonly ask: () => void,
    private readonly onStalled: () => void,
  ) {}

  start(): void {
    this.misses = 0
    this.timer ??= setInterval(() => {
      this.misses += 1
      if (this.misses > MISSES) this.onStalled()
      else this.ask()
    }, INTERVAL_MS)
  }

  answered(): void {
    this.misses = 0
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }
}
