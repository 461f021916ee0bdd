/** Documents of the operator on the customer's printers, at the console's end. RC-PRINT */

import { computed, ref, shallowReactive, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { Channel, PRINT } from '../../protocol/channels'
import { decode, encode, isName, MAX_DATA, MAX_NAME, MAX_SIZE, OVER, type Kind, type Printer, type State } from '../../protocol/printing'
import { safeText } from '../../shared/safe-text'
import type { ToolLink } from '../control/tool-link'

const MAX_JOBS = 30
const MAX_SHOWN_NAME = 120

const IMAGES = new Set(['png', 'jpg', 'jpeg', 'gif', 'bmp', 'webp', 'tif', 'tiff'])
const TEXTS = new Set(['txt', 'log', 'csv', 'md', 'ini', 'json', 'xml'])

export interface PrintJob {
  readonly request: number
  readonly name: string
  readonly printer: string
  readonly size: number
  readonly sent: number
  /** "sending" is the console's own: the document is on its way. */
  readonly state: State | 'sending'
  readonly sheets: number
  /** Why it failed or waits; "" when there is nothing to say. */
  readonly code: string
}

export interface Order {
  readonly printer: string
  readonly copies: number
  readonly pages: string
}

export interface Printing {
  printers: ShallowRef<readonly Printer[]>
  /** Why there are none; "" if there are. */
  problem: Ref<string>
  listing: Ref<boolean>
  allowed: ComputedRef<boolean>
  jobs: readonly PrintJob[]
  list: () => void
  /** False: there is no link; nothing was sent. */
  print: (file: File, kind: Kind, order: Order) => boolean
  cancel: (job: PrintJob) => void
}

/** Why a file cannot be printed, before anything is sent; null: it can. */
export function refusal(file: File): 'kind' | 'empty' | 'large' | null {
  if (kindOf(file) === null) return 'kind'
  if (file.size === 0) return 'empty'
  return file.size > MAX_SIZE ? 'large' : null
}

export function kindOf(file: File): Kind | null {
  const ending = file.name.toLowerCase().split('.').pop() ?? ''
  if (ending === 'pdf' || file.type === 'application/pdf') return 'pdf'
  if (IMAGES.has(ending)) return 'image'
  return TEXTS.has(ending) || file.type === 'text/plain' ? 'text' : null
}

/** A file's name as it may be told to the agent. */
export function titleOf(file: File): string {
  const name = safeText(file.name, MAX_NAME)
  return isName(name) ? name : 'document'
}

interface Sending {
  readonly file: File
  sent: number
  credit: number
  busy: boolean
}

export function usePrinting(link: ToolLink): Printing {
  const printers = shallowRef<readonly Printer[]>([])
  const problem = ref('')
  const listing = ref(false)
  const allowed = computed(() => link.rights.value.has(PRINT))
  const jobs = shallowReactive<PrintJob[]>([])
  const sendings = new Map<number, Sending>()
  let last = 0

  const send = (message: Parameters<typeof encode>[0]): boolean => allowed.value && link.send(Channel.PRINTING, encode(message))

  function next(): number {
    last += 1
    return last
  }

  function change(request: number, changes: Partial<PrintJob>): void {
    const index = jobs.findIndex((job) => job.request === request && !OVER.has(job.state))
    const job = jobs[index]
    if (job !== undefined) jobs[index] = { ...job, ...changes }
    if (changes.state !== undefined && OVER.has(changes.state)) sendings.delete(request)
  }

  function list(): void {
    listing.value = send({ type: 'list', request: next() })
  }

  function print(file: File, kind: Kind, order: Order): boolean {
    const request = next()
    const name = titleOf(file)
    if (!send({ type: 'begin', request, name, kind, size: file.size, ...order })) return false
    sendings.set(request, { file, sent: 0, credit: 0, busy: false })
    jobs.unshift({ request, name: safeText(name, MAX_SHOWN_NAME), printer: order.printer, size: file.size, sent: 0, state: 'sending', sheets: 0, code: '' })
    jobs.splice(MAX_JOBS)
    return true
  }

  /** As much as the agent has room for; a file that cannot be read any more is called off. */
  async function pump(request: number): Promise<void> {
    const sending = sendings.get(request)
    if (sending === undefined || sending.busy) return
    sending.busy = true
    try {
      while (sendings.get(request) === sending && sending.sent < sending.credit) await sendPiece(request, sending)
    } catch (caught) {
      console.warn('the file cannot be read', caught)
      send({ type: 'cancel', request })
      change(request, { state: 'failed', code: 'UNREADABLE' })
    } finally {
      sending.busy = false
    }
  }

  async function sendPiece(request: number, sending: Sending): Promise<void> {
    const end = Math.min(sending.sent + MAX_DATA, sending.credit)
    const data = new Uint8Array(await sending.file.slice(sending.sent, end).arrayBuffer())
    if (sendings.get(request) !== sending) return
    send({ type: 'data', request, data })
    sending.sent = end
    change(request, { sent: end })
  }

  link.listen(Channel.PRINTING, (body) => {
    const message = decode(body)
    if (message.type === 'printers') {
      listing.value = false
      printers.value = message.printers.map((printer) => ({ ...printer, label: safeText(printer.label, MAX_SHOWN_NAME) }))
      problem.value = message.printers.length > 0 ? '' : message.code || 'NO_PRINTERS'
    } else if (message.type === 'credit') {
      const sending = sendings.get(message.request)
      if (sending === undefined) return
      sending.credit = Math.min(message.bytes, sending.file.size)
      void pump(message.request)
    } else {
      const { state, sheets, code } = message
      change(message.request, { state, sheets, code })
    }
  })

  /** A new link knows nothing of the documents of the last one: what the printer has, it prints. */
  link.greeted(() => {
    for (const job of [...jobs]) change(job.request, { state: 'failed', code: 'CONNECTION_LOST' })
    listing.value = false
  })

  return {
    printers,
    problem,
    listing,
    allowed,
    jobs,
    list,
    print,
    cancel: (job) => {
      if (!send({ type: 'cancel', request: job.request })) return
      sendings.delete(job.request)
    },
  }
}
