/** The REST routes of text messages. Every one may throw ApiError. */

import type { HttpClient, Query } from './http'
import type * as S from './sms-types'
import type { Page } from './types'

interface Items<V> {
  items: V[]
}

export class SmsApi {
  constructor(private readonly http: HttpClient) {}

  options = () => this.http.get<S.SmsOptions>('/sms/options')
  preview = (session: string, template: number) =>
    this.http.post<S.SmsPreview>('/sms/preview', { session, template })
  send = (order: S.SmsOrder) => this.http.post<S.SmsMessage>('/sms/messages', order)
  messages = (query: S.SmsQuery) => this.http.get<Page<S.SmsMessage>>('/sms/messages', { ...query } as Query)
  message = (id: string) => this.http.get<S.SmsDetail>(`/sms/messages/${encodeURIComponent(id)}`)

  settings = () => this.http.get<S.SmsSettings>('/sms/settings')
  saveSettings = (form: S.SmsSettings) => this.http.put<S.SmsSettings>('/sms/settings', form)

  templates = async () => (await this.http.get<Items<S.SmsTemplate>>('/sms/templates')).items
  saveTemplate = (id: number | null, form: S.SmsTemplateForm) =>
    id === null
      ? this.http.post<S.SmsTemplate>('/sms/templates', form)
      : this.http.put<S.SmsTemplate>(`/sms/templates/${id}`, form)
  removeTemplate = (id: number) => this.http.delete<void>(`/sms/templates/${id}`)
  previewTemplate = (form: S.SmsTemplateForm) => this.http.post<S.SmsPreview>('/sms/templates/preview', form)

  kinds = async () => (await this.http.get<Items<S.SmsKind>>('/sms/kinds')).items
  gateways = async () => (await this.http.get<Items<S.SmsGateway>>('/sms/gateways')).items
  addGateway = (kind: string, form: S.SmsGatewayForm) =>
    this.http.post<S.SmsGateway>('/sms/gateways', { kind, ...form })
  saveGateway = (id: number, form: S.SmsGatewayForm) => this.http.put<S.SmsGateway>(`/sms/gateways/${id}`, form)
  removeGateway = (id: number) => this.http.delete<void>(`/sms/gateways/${id}`)
  orderGateways = async (order: number[]) =>
    (await this.http.put<Items<S.SmsGateway>>('/sms/gateway-order', { order })).items
  testGateway = (id: number, to: string, request: string) =>
    this.http.post<S.SmsMessage>(`/sms/gateways/${id}/test`, { to, request })
}
