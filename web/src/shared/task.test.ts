import { describe, expect, it } from 'vitest'
import { ApiError } from './http'
import { useTask } from './task'

function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined
  const passed = new Promise<void>((done) => (open = done))
  return { open, passed }
}

describe('a task', () => {
  it('runs one work at a time', async () => {
    const { busy, run } = useTask()
    const first = gate()
    const done = run(() => first.passed)
    expect(busy.value).toBe(true)
    expect(await run(async () => expect.unreachable())).toBe(false)
    first.open()
    expect(await done).toBe(true)
    expect(busy.value).toBe(false)
  })

  it('renews what is shown after the work that runs, only as asked for last', async () => {
    const { busy, renew } = useTask()
    const first = gate()
    const shown: string[] = []
    const show = (text: string) => async (): Promise<void> => void shown.push(text)
    const one = renew(async () => {
      await first.passed
      shown.push('all')
    })
    const others = [renew(show('a')), renew(show('ab')), renew(show('abc'))]
    expect(shown).toEqual([])
    first.open()
    expect(await Promise.all([one, ...others])).toEqual([true, true, true, true])
    expect(shown).toEqual(['all', 'abc'])
    expect(busy.value).toBe(false)
  })

  it('renews after a work that failed, whatever it threw', async () => {
    const { error, run, renew } = useTask()
    const first = gate()
    const bug = run(async () => {
      await first.passed
      throw new TypeError('a bug')
    })
    const next = renew(async () => {
      throw new ApiError(503, 'BUSY', 'later')
    })
    first.open()
    await expect(bug).rejects.toThrow('a bug')
    expect(await next).toBe(false)
    expect(error.value?.code).toBe('BUSY')
    expect(await renew(async () => undefined)).toBe(true)
    expect(error.value).toBeNull()
  })
})
