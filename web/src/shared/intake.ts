/** Answers of the intake form beside the form as it is now. */

import type { IntakeAnswer, IntakeField } from './types'

/** Every field with its answer or none, then answers to questions that are not asked any more. */
export function withFields(fields: IntakeField[], answers: IntakeAnswer[]): IntakeAnswer[] {
  const asked = fields.map(({ label }) => ({ label, value: answers.find((each) => each.label === label)?.value ?? '' }))
  const others = answers.filter((answer) => !fields.some(({ label }) => label === answer.label))
  return [...asked, ...others.map((answer) => ({ ...answer }))]
}

/** The texts of a choice, one a line. */
export const choicesOf = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
]
