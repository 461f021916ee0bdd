/** Who is logged in, for both apps; the one place that holds the REST client. */

import { ref, shallowRef } from 'vue'
import { Api } from './api'
import { AuditApi } from './audit-api'
import { DeviceApi } from './device-api'
import { notes } from './feedback'
import { ApiError, HttpClient } from './http'
import { language, setLanguage } from './i18n'
import { ReviewApi } from './review-api'
import { SmsApi } from './sms-api'
import { RecordingApi } from './recording/recording-api'
import { savedLanguage, savedLogin } from './storage'
import type { ByeCode, LoginAnswer, LoginRequest, Me, Settings } from './types'

export const me = shallowRef<Me | null>(null)
/** The login went away while somebody was working: a dialog asks for it again above the page, so that nothing typed is lost. */
export const loginLost = ref(false)
/** Why nobody is logged in any more, for the login page. */
export const byeCode = ref<ByeCode | null>(null)
export const mustChangePassword = ref(false)

const http = new HttpClient({
  base: '/api/v1',
  language,
  onLoginRequired: () => {
    if (me.value !== null) loginLost.value = true
  },
})
export const api = new Api(http)
export const devices = new DeviceApi(http)
export const sms = new SmsApi(http)
export const auditApi = new AuditApi(http)
export const recordings = new RecordingApi(http)
export const reviews = new ReviewApi(http)

export const isLoginRequired = (problem: unknown): boolean =>
  problem instanceof ApiError && problem.code === 'LOGIN_REQUIRED'

/** Takes up the login that the browser's cookie still stands for. False: nobody is logged in. */
export async function resumeLogin(): Promise<boolean> {
  try {
    takeMe(await api.me())
    return true
  } catch (problem) {
    if (isLoginRequired(problem)) return false
    throw problem
  }
}

/** Logs in and remembers the ID if asked to; a failed login changes nothing that is remembered. */
export async function logIn(request: LoginRequest, saveId: boolean): Promise<LoginAnswer> {
  const answer = await api.login(request)
  savedLogin.set(saveId ? { company: request.company, id: request.id } : null)
  byeCode.value = null
  const before = me.value
  if (before !== null && before.account.num !== answer.account.num) {
    location.reload()
    return answer
  }
  takeMe(await api.me())
  loginLost.value = false
  return answer
}

export async function logOut(): Promise<void> {
  try {
    await api.logout()
  } catch (problem) {
    if (!isLoginRequired(problem)) throw problem
  }
  forget('LOGGED_OUT')
}

/** The server ended the login. */
export function loginEnded(code: ByeCode): void {
  if (code === 'LOGIN_EXPIRED') loginLost.value = me.value !== null
  else if (code !== 'SERVER_STOPPING') forget(code)
}

export async function saveSettings(settings: Settings): Promise<void> {
  const saved = await api.saveSettings(settings)
  if (me.value !== null) me.value = { ...me.value, settings: saved }
  if (saved.language !== null) setLanguage(saved.language)
}

function forget(code: ByeCode): void {
  me.value = null
  loginLost.value = false
  mustChangePassword.value = false
  byeCode.value = code
  notes.value = []
}

function takeMe(next: Me): void {
  me.value = next
  mustChangePassword.value = next.must_change_password
  const wanted = next.settings.language
  if (wanted !== null && savedLanguage.get() === null) setLanguage(wanted)
}
