import { describe, expect, it } from 'vitest'
import { ECHO_MS, RemotePointer } from './remote-pointer'

const ARROW = { width: 12, height: 20, hotX: 1, hotY: 2, rgba: new Uint8Array(12 * 20 * 4) }
const HIDDEN = { width: 0, height: 0, hotX: 0, hotY: 0, rgba: new Uint8Array(0) }

function made(): { pointer: RemotePointer; wait: (ms: number) => void } {
  let now = 0
  const pointer = new RemotePointer(() => now, () => 'data:arrow')
  pointer.shaped(ARROW)
  return { pointer, wait: (ms) => { now += ms } }
}

describe('OP-SET-CURSOR: what the customer points at', () => {
  it('is shown where the customer moves the pointer', () => {
    const { pointer } = made()
    pointer.moved({ x: 30, y: 40 })
    expect(pointer.mark()).toEqual({ x: 30, y: 40, image: 'data:arrow', hotX: 1, hotY: 2, width: 12 })
  })

  it('is not drawn beside the operator’s own pointer', () => {
    const { pointer, wait } = made()
    pointer.sent({ x: 30, y: 40 })
    pointer.moved({ x: 33, y: 38 })
    wait(10 * ECHO_MS)
    expect(pointer.mark()).toBeNull()
  })

  it('waits for the echo of the operator’s own move', () => {
    const { pointer, wait } = made()
    pointer.moved({ x: 300, y: 300 })
    pointer.sent({ x: 30, y: 40 })
    wait(ECHO_MS - 1)
    expect(pointer.mark()).toBeNull()
    wait(1)
    expect(pointer.mark()).toMatchObject({ x: 300, y: 300 })
  })

  it('is not drawn while a program hides it, nor before its place is known', () => {
    const { pointer } = made()
    expect(pointer.mark()).toBeNull()
    pointer.moved({ x: 1, y: 1 })
    pointer.shaped(HIDDEN)
    expect(pointer.mark()).toBeNull()
  })
})
