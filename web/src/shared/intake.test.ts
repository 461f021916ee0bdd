import { describe, expect, it } from 'vitest'
import { choicesOf, withFields } from './intake'
import type { IntakeField } from './types'

const field = (label: string): IntakeField => ({ label, kind: 'text', choices: [], required: false })

describe('intake', () => {
  it('ADM-INTAKE: shows every field of today, and what was answered to others', () => {
    const answers = [
      { label: '증상', value: '느림' },
      { label: '옛 질문', value: '옛 답' },
    ]
    expect(withFields([field('이름'), field('증상')], answers)).toEqual([
      { label: '이름', value: '' },
      { label: '증상', value: '느림' },
      { label: '옛 질문', value: '옛 답' },
    ])
    expect(withFields([], [])).toEqual([])
  })

  it('reads choices line by line, each once', () => {
    expect(choicesOf(' 인터넷\n\n프린터 \n인터넷')).toEqual(['인터넷', '프린터'])
    expect(choicesOf('')).toEqual([])
  })
})
