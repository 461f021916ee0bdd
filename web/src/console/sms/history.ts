/** The list of what this operator sent. */

import type { SmsMessage } from '../../shared/sms-types'

/** Messages of one page of the list. */
export const HISTORY = 5

/** Replaces a message that is in the list already; others belong to pages that are not shown. */
export const updated = (list: readonly SmsMessage[], news: SmsMessage): SmsMessage[] =>
  list.map((each) => (each.id === news.id ? news : each))
