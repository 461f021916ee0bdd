/** An invitation in the making: what can be sent, its preview, the sending, and how far earlier ones got. */

import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { sms } from '../../shared/auth'
import type { ApiError } from '../../shared/http'
import type { SmsMessage, SmsOptions, SmsPreview } from '../../shared/sms-types'
import { useTask } from '../../shared/task'
import { smsNews } from '../store'
import { HISTORY, updated } from './history'

export interface Invite {
  options: ShallowRef<SmsOptions | null>
  preview: ShallowRef<SmsPreview | null>
  history: ShallowRef<SmsMessage[]>
  total: Ref<number>
  page: Ref<number>
  template: Ref<number | null>
  to: Ref<string>
  busy: Ref<boolean>
  error: ShallowRef<ApiError | null>
  load: () => Promise<void>
  /** The message that was sent; null when it was refused, and `error` says why. */
  send: (confirmed: boolean) => Promise<SmsMessage | null>
}

export function useInvite(session: string): Invite {
  const { busy, error, run } = useTask()
  const options = shallowRef<SmsOptions | null>(null)
  const preview = shallowRef<SmsPreview | null>(null)
  const history = shallowRef<SmsMessage[]>([])
  const total = ref(0)
  const page = ref(1)
  const template = ref<number | null>(null)
  const to = ref('')
  // One key per order: pressed twice, or repeated after a lost answer, it is one message.
  let request = crypto.randomUUID()

  async function loadHistory(): Promise<void> {
    const found = await sms.messages({ page: page.value, size: HISTORY })
    history.value = found.items
    total.value = found.total
  }

  async function loadOptions(): Promise<void> {
    options.value = await sms.options()
    const offered = options.value.templates
    if (!offered.some((each) => each.id === template.value)) template.value = offered[0]?.id ?? null
  }

  async function loadPreview(): Promise<void> {
    preview.value = template.value === null ? null : await sms.preview(session, template.value)
  }

  async function load(): Promise<void> {
    await run(async () => {
      await Promise.all([loadOptions(), loadHistory()])
      if (options.value?.enabled) await loadPreview()
    })
  }

  async function send(confirmed: boolean): Promise<SmsMessage | null> {
    const chosen = template.value
    if (chosen === null) return null
    let made: SmsMessage | null = null
    await run(async () => {
      made = await sms.send({ session, template: chosen, to: to.value, request, confirmed })
      request = crypto.randomUUID()
      to.value = ''
      page.value = 1
      await Promise.all([loadHistory(), loadOptions()])
    })
    return made
  }

  watch(template, (now, before) => {
    if (before !== null && now !== null) void run(loadPreview)
  })
  watch(page, () => void run(loadHistory))
  watch(smsNews, (news) => {
    if (news !== null) history.value = updated(history.value, news)
  })
  return { options, preview, history, total, page, template, to, busy, error, load, send }
}
