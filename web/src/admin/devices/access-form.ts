/** The rules of access as the form holds them: a window a day. An end of 00:00 is midnight after that day. */

import type { Access } from '../../shared/device-types'

const DAYS = 7
const DAY_MINUTES = 24 * 60

export interface AccessForm {
  /** Rules of its own, not those of the level above. */
  own: boolean
  reason: boolean
  two_person: boolean
  limited: boolean
  days: { on: boolean; from: string; to: string }[]
  actions: Access['actions']
}

export const blankAccess = (): AccessForm => ({
  own: false,
  reason: false,
  two_person: false,
  limited: false,
  days: Array.from({ length: DAYS }, (_, n) => ({ on: n < 5, from: '09:00', to: '18:00' })),
  actions: ['wake'],
})

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60) % 24).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

function minutes(text: string): number {
  const [hours, rest] = text.split(':').map(Number)
  return (hours ?? 0) * 60 + (rest ?? 0)
}

export function formOf(access: Access | null): AccessForm {
  const form = blankAccess()
  if (access === null) return form
  const { reason, two_person, actions, windows } = access
  Object.assign(form, { own: true, reason, two_person, actions: [...actions], limited: windows.length > 0 })
  if (windows.length > 0)
    form.days = form.days.map((blank, day) => {
      const found = windows.find((window) => window.day === day)
      return found ? { on: true, from: clock(found.start), to: clock(found.end) } : { ...blank, on: false }
    })
  return form
}

export function accessOf(form: AccessForm): Access {
  const { reason, two_person, actions } = form
  const windows = form.limited
    ? form.days.flatMap((day, n) =>
        day.on ? [{ day: n, start: minutes(day.from), end: minutes(day.to) || DAY_MINUTES }] : [],
      )
    : []
  return { reason, two_person, actions, windows }
}
