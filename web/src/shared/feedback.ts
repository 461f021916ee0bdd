/** Short notes at the edge of the page and questions before something that cannot be undone. Shown by FeedbackHost.vue. */

import { ref, shallowRef } from 'vue'

export interface Note {
  id: number
  kind: 'ok' | 'info' | 'error'
  text: string
}

const NOTE_MS = 5000
let nextId = 1
export const notes = ref<Note[]>([])

export function notify(text: string, kind: Note['kind'] = 'ok'): void {
  const id = nextId++
  notes.value = [...notes.value.slice(-3), { id, kind, text }]
  setTimeout(() => dismiss(id), NOTE_MS)
}

export function dismiss(id: number): void {
  notes.value = notes.value.filter((note) => note.id !== id)
}

export interface Question {
  title: string
  text: string
  yes: string
  no: string
  danger: boolean
}

export const question = shallowRef<Question | null>(null)
let settle: ((yes: boolean) => void) | null = null

/** True when the person agreed. A second question answers the first with no. */
export function ask(next: Question): Promise<boolean> {
  answer(false)
  question.value = next
  return new Promise((resolve) => (settle = resolve))
}

export function answer(yes: boolean): void {
  const waiting = settle
  settle = null
  question.value = null
  waiting?.(yes)
}
