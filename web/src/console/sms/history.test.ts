import { describe, expect, it } from 'vitest'
import type { SmsMessage } from '../../shared/sms-types'
import { updated } from './history'

const message = (id: string, state: SmsMessage['state']): SmsMessage => ({
  id,
  created_at: '2026-03-02T00:00:00Z',
  operator: 'Kim',
  session: null,
  to: '010-****-5678',
  template: 'one',
  subject: '',
  text: 'text',
  kind: 'SMS',
  parts: 1,
  state,
  code: '',
  gateway: null,
  accepted_at: null,
  delivered_at: null,
})

describe('the list of what was sent', () => {
  it('follows a message that it shows', () => {
    const list = [message('1', 'sending'), message('2', 'accepted')]
    expect(updated(list, message('2', 'delivered')).map((each) => each.state)).toEqual(['sending', 'delivered'])
  })

  it('does not take in messages of other pages', () => {
    expect(updated([message('1', 'sending')], message('9', 'delivered')).map((each) => each.id)).toEqual(['1'])
  })
})
