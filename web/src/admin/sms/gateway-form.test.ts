import { describe, expect, it } from 'vitest'
import type { SmsGateway, SmsKind, SmsKindField } from '../../shared/sms-types'
import { isComplete, moved, startingForm, toSend } from './gateway-form'

const field = (name: string, type: SmsKindField['type'], more: Partial<SmsKindField> = {}): SmsKindField => ({
  name,
  type,
  required: false,
  default: null,
  choices: [],
  example: '',
  ...more,
})
const KIND: SmsKind = {
  name: 'http',
  counting: 'cp949',
  callbacks: false,
  fields: [
    field('url', 'text', { required: true }),
    field('port', 'number', { default: 2775 }),
    field('tls', 'switch'),
    field('key', 'secret', { required: true }),
    field('body', 'lines'),
  ],
}
const STORED: SmsGateway = {
  id: 1,
  kind: 'http',
  name: 'One',
  sender: '021234',
  enabled: false,
  settings: { url: 'https://sms.example/', port: 1, tls: true, body: null },
  secrets: ['key'],
  callback: null,
  broken: false,
}

describe('the form of a gateway', () => {
  it('starts with defaults, or with what is stored, and never with a secret', () => {
    expect(startingForm(KIND, null)).toEqual({
      name: '',
      sender: '',
      enabled: true,
      settings: { url: '', port: 2775, tls: false, key: '', body: '' },
    })
    const { settings, enabled } = startingForm(KIND, STORED)
    expect(enabled).toBe(false)
    expect(settings).toEqual({ url: 'https://sms.example/', port: 1, tls: true, key: '', body: '' })
  })

  it('leaves out what is empty and need not be there, so that a secret stays', () => {
    const form = startingForm(KIND, STORED)
    form.name = ' One '
    form.settings.port = '2776'
    expect(toSend(KIND, form)).toEqual({
      name: 'One',
      sender: '021234',
      enabled: false,
      settings: { url: 'https://sms.example/', port: 2776, tls: true },
    })
  })

  it('is complete with every field that is needed; a stored secret counts', () => {
    const form = startingForm(KIND, STORED)
    expect(isComplete(KIND, form, ['key'])).toBe(true)
    expect(isComplete(KIND, form, [])).toBe(false)
    form.settings.key = 'k'
    expect(isComplete(KIND, form, [])).toBe(true)
    form.settings.url = '  '
    expect(isComplete(KIND, form, [])).toBe(false)
    expect(isComplete(KIND, { ...startingForm(KIND, STORED), sender: ' ' }, ['key'])).toBe(false)
  })
})

describe('moving in an order', () => {
  it('goes one place up or down', () => {
    expect(moved([1, 2, 3], 1, -1)).toEqual([2, 1, 3])
    expect(moved([1, 2, 3], 1, 1)).toEqual([1, 3, 2])
  })
})
