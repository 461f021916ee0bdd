/** The REST routes of `/api/v1`, one typed function each. Every one may throw ApiError. */

import type { HttpClient, Query } from './http'
import type * as S from './sharing-types'
import type { FigureQuery, Figures } from './statistics'
import type * as T from './types'

interface Items<V> {
  items: V[]
}

export class Api {
  constructor(private readonly http: HttpClient) {}

  publicLogin = (company: string) => this.http.get<T.PublicLogin>('/public/login', { company })

  async login(request: T.LoginRequest): Promise<T.LoginAnswer> {
    const answer = await this.http.post<T.LoginAnswer>('/login', request)
    this.http.csrf = answer.csrf
    return answer
  }

  async logout(): Promise<void> {
    await this.http.post<void>('/logout')
    this.http.csrf = ''
  }

  async me(): Promise<T.Me> {
    const answer = await this.http.get<T.Me>('/me')
    this.http.csrf = answer.csrf
    return answer
  }

  saveSettings = (settings: T.Settings) => this.http.put<T.Settings>('/me/settings', settings)
  changePassword = (current: string, next: string) => this.http.post<void>('/me/password', { current, new: next })
  beginTotp = (password: string) => this.http.post<{ secret: string; uri: string }>('/me/totp/begin', { password })
  confirmTotp = (code: string) => this.http.post<void>('/me/totp/confirm', { code })
  disableTotp = (password: string, code: string) => this.http.post<void>('/me/totp/disable', { password, code })
  liveTicket = async () => (await this.http.post<{ ticket: string }>('/live-tickets')).ticket

  sessions = async () => (await this.http.get<Items<T.Session>>('/sessions')).items
  openSession = () => this.http.post<T.Session>('/sessions')
  cancelSession = (id: string) => this.http.post<T.Session>(`${session(id)}/cancel`)
  controlSession = (id: string, window = 1) => this.http.post<T.ControlTicket>(`${session(id)}/control`, { window })
  colleagues = (id: string, q: string, page: number, size: number) =>
    this.http.get<T.Page<S.Colleague>>(`${session(id)}/colleagues`, { q, page, size })
  askColleague = (id: string, form: { kind: S.OfferKind; to?: number; stay?: boolean }) =>
    this.http.post<S.Offer>(`${session(id)}/ask`, form)
  offers = async () => (await this.http.get<Items<S.Offer>>('/offers')).items
  answerOffer = (id: number, accepted: boolean) => this.http.post<S.Offer>(`/offers/${id}/answer`, { accepted })
  withdrawOffer = (id: number) => this.http.post<S.Offer>(`/offers/${id}/withdraw`)
  giveControl = (id: string, account: number) => this.http.post<T.Session>(`${session(id)}/give`, { account })
  takeControl = (id: string) => this.http.post<T.Session>(`${session(id)}/take`)
  keepChat = (id: string, lines: readonly object[]) => this.http.post<void>(`${session(id)}/chat`, { lines })
  leaveSession = (id: string) => this.http.post<void>(`${session(id)}/leave`)
  removeWatcher = (id: string, account: number) => this.http.post<T.Session>(`${session(id)}/remove`, { account })
  whisper = (id: string, text: string) => this.http.post<S.Whisper>(`${session(id)}/whispers`, { text })
  whispers = async (id: string) => (await this.http.get<Items<S.Whisper>>(`${session(id)}/whispers`)).items
  endSession = (id: string) => this.http.post<T.Session>(`${session(id)}/end`)
  intakeFields = async () => (await this.http.get<{ fields: T.IntakeField[] }>('/intake-fields')).fields
  saveIntakeFields = async (fields: T.IntakeField[]) =>
    (await this.http.put<{ fields: T.IntakeField[] }>('/intake-fields', { fields })).fields
  saveIntake = (id: string, answers: T.IntakeAnswer[]) => this.http.put<T.Session>(`${session(id)}/intake`, { answers })
  wrapUp = (id: string, form: T.Wrapup) => this.http.post<T.Session>(`${session(id)}/wrapup`, form)
  faultTypes = async () => (await this.http.get<Items<T.FaultType>>('/fault-types')).items
  addFaultType = (code: string, name: string) => this.http.post<T.FaultType>('/fault-types', { code, name })
  changeFaultType = (type: T.FaultType, name: string, active: boolean) =>
    this.http.put<T.FaultType>(`/fault-types/${String(type.id)}`, { name, active })
  counts = () => this.http.get<T.Counts>('/counts')

  records = (query: T.RecordQuery) => this.http.get<T.Page<T.Session>>('/records', { ...query } as Query)
  statistics = (query: FigureQuery) => this.http.get<Figures>('/statistics', { ...query })
  recordQuality = async (id: string) =>
    (await this.http.get<Items<T.QualitySample>>(`/records/${encodeURIComponent(id)}/quality`)).items
  record = (id: string) => this.http.get<T.RecordDetail>(`/records/${encodeURIComponent(id)}`)
  correct = (id: string, form: T.Correction) =>
    this.http.post<T.Session>(`/records/${encodeURIComponent(id)}/correct`, form)

  accounts = (query: T.AccountQuery) => this.http.get<T.Page<T.Account>>('/accounts', { ...query } as Query)
  importAccounts = (csv: string, dry_run: boolean) =>
    this.http.post<T.ImportAnswer>('/accounts/import', { csv, dry_run })
  logOutAccount = (num: number) => this.http.post<void>(`/accounts/${num}/logout`)
  teams = async () => (await this.http.get<Items<T.Team>>('/teams')).items
  addTeam = (name: string) => this.http.post<T.Team>('/teams', { name })
  renameTeam = (id: number, name: string) => this.http.patch<T.Team>(`/teams/${id}`, { name })
  removeTeam = (id: number) => this.http.delete<void>(`/teams/${id}`)
  accessPolicy = () => this.http.get<T.AccessPolicy>('/access-policy')
  saveAccessPolicy = (policy: T.AccessPolicy) => this.http.put<T.AccessPolicy>('/access-policy', policy)
  ownLogins = (page: number, size: number) => this.http.get<T.Page<T.LoginRecord>>('/me/logins', { page, size })
  logOutElsewhere = () => this.http.post<void>('/me/logout-everywhere')
  addAccount = (account: T.NewAccount) =>
    this.http.post<{ account: T.Account; password: string | null }>('/accounts', account)
  changeAccount = (num: number, patch: T.AccountPatch) => this.http.patch<T.Account>(`/accounts/${num}`, patch)
  resetPassword = async (num: number) =>
    (await this.http.post<{ password: string }>(`/accounts/${num}/reset-password`)).password
  disableAccountTotp = (num: number) => this.http.post<void>(`/accounts/${num}/disable-totp`)

  company = () => this.http.get<T.CompanySettings>('/company')
  /** The code of a company never changes: it is not part of what is sent. */
  saveCompany = (settings: T.CompanySettings) =>
    this.http.put<T.CompanySettings>('/company', { ...settings, code: undefined })
  consentTexts = async () => (await this.http.get<Items<T.ConsentText>>('/consent-texts')).items
  addConsentText = (lang: T.Language, body: string) => this.http.post<T.ConsentText>('/consent-texts', { lang, body })
  notices = async () => (await this.http.get<Items<T.Notice>>('/notices')).items
  addNotice = (notice: T.NewNotice) => this.http.post<T.Notice>('/notices', notice)
  deleteNotice = (id: number) => this.http.delete<void>(`/notices/${id}`)
  favourites = async () => (await this.http.get<Items<T.Favourite>>('/favourites')).items
  addFavourite = (form: T.FavouriteForm, shared: boolean) => this.http.post<T.Favourite>(favourites(shared), form)
  changeFavourite = (one: T.Favourite, form: T.FavouriteForm) =>
    this.http.put<T.Favourite>(`${favourites(one.shared)}/${String(one.id)}`, form)
  removeFavourite = (one: T.Favourite) => this.http.delete<void>(`${favourites(one.shared)}/${String(one.id)}`)
  loginRecords = (page: number, size: number, filter: Record<string, string> = {}) =>
    this.http.get<T.Page<T.LoginRecord>>('/login-records', { page, size, ...filter })
  abuseReports = (page: number, size: number, all: boolean) =>
    this.http.get<T.AbusePage>('/abuse-reports', { page, size, state: all ? 'all' : 'open' })
  handleAbuse = (id: number, note: string) =>
    this.http.post<T.AbuseReport>(`/abuse-reports/${String(id)}/handle`, { note })
  sessionsNow = async () => (await this.http.get<Items<T.Session>>('/sessions/now')).items
  cutSession = (id: string, reason: string) => this.http.post<T.Session>(`${session(id)}/cut`, { reason })
}

const favourites = (shared: boolean): string => (shared ? '/company/favourites' : '/favourites')
const session = (id: string): string => `/sessions/${encodeURIComponent(id)}`
