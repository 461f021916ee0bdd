import { expect, it } from 'vitest'
import type { Access } from '../../shared/device-types'
import { accessOf, blankAccess, formOf } from './access-form'

const office: Access = {
  reason: true,
  two_person: false,
  windows: [
    { day: 0, start: 540, end: 1080 },
    { day: 5, start: 0, end: 1440 },
  ],
  actions: ['wake'],
}

it('keeps what the server said, midnight at the end of a day included', () => {
  expect(accessOf(formOf(office))).toEqual(office)
  expect(formOf(office).days[5]).toEqual({ on: true, from: '00:00', to: '00:00' })
})

it('has no windows where the hours are not limited', () => {
  expect(accessOf({ ...formOf(office), limited: false }).windows).toEqual([])
  expect(formOf(null)).toEqual(blankAccess())
})
