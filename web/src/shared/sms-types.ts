/** Text messages as the REST routes give them (wizhelper/sms/view.py). */

export const SMS_STATES = ['queued', 'sending', 'accepted', 'delivered', 'failed', 'uncertain', 'kept'] as const
export type SmsState = (typeof SMS_STATES)[number]

/** The operator's dialog follows these until they change. */
export const OPEN_STATES: readonly SmsState[] = ['queued', 'sending', 'accepted']

export interface Measure {
  encoding: 'cp949' | 'gsm7' | 'ucs2'
  kind: 'SMS' | 'LMS'
  used: number
  limit: number
  parts: number
  unsendable: string[]
  fits: boolean
}

export interface SmsPreview {
  subject: string
  text: string
  measure: Measure
  gateway: string | null
  leaves: boolean
}

/** `to` is masked. */
export interface SmsMessage {
  id: string
  created_at: string
  operator: string
  session: string | null
  to: string
  template: string
  subject: string
  text: string
  kind: 'SMS' | 'LMS'
  parts: number
  state: SmsState
  code: string
  gateway: string | null
  accepted_at: string | null
  delivered_at: string | null
}

export interface SmsAttempt {
  at: string
  gateway: string
  outcome: 'open' | 'accepted' | 'refused' | 'uncertain'
  code: string
  detail: string
}

export interface SmsDetail {
  message: SmsMessage
  detail: string
  attempts: SmsAttempt[]
}

export interface SmsTemplate {
  id: number
  name: string
  subject: string
  body: string
  active: boolean
}
export type SmsTemplateForm = Omit<SmsTemplate, 'id'>

export interface SmsOptions {
  enabled: boolean
  left_today: number
  leaves: boolean
  templates: SmsTemplate[]
}

export interface SmsSettings {
  enabled: boolean
  long_allowed: boolean
  operator_day: number
  number_day: number
  company_month: number
  prefixes: string[]
}

/** `request`: new for every press of the button, so that a repeated request sends nothing twice. */
export interface SmsOrder {
  session: string
  template: number
  to: string
  request: string
  confirmed: boolean
}

export interface SmsQuery {
  page: number
  size: number
  q?: string
  state?: SmsState | ''
  session?: string
  sort?: string
}

export type SmsValue = string | number | boolean | null

export interface SmsKindField {
  name: string
  type: 'text' | 'lines' | 'number' | 'switch' | 'choice' | 'secret'
  required: boolean
  default: SmsValue
  choices: string[]
  example: string
}

export interface SmsKind {
  name: string
  counting: 'cp949' | 'gsm'
  callbacks: boolean
  fields: SmsKindField[]
}

export interface SmsGatewayForm {
  name: string
  sender: string
  enabled: boolean
  settings: Record<string, SmsValue>
}

export interface SmsGateway extends SmsGatewayForm {
  id: number
  kind: string
  secrets: string[]
  callback: string | null
  broken: boolean
}
