/** The form of a gateway: a provider's fields, filled with what is stored or with defaults. */

import type { SmsGateway, SmsGatewayForm, SmsKind, SmsKindField, SmsValue } from '../../shared/sms-types'

/** What the inputs of one gateway hold; secrets start empty, which leaves them as they are. */
export function startingForm(kind: SmsKind, gateway: SmsGateway | null): SmsGatewayForm {
  const settings: Record<string, SmsValue> = {}
  for (const field of kind.fields) settings[field.name] = startingValue(field, gateway?.settings[field.name])
  return {
    name: gateway?.name ?? '',
    sender: gateway?.sender ?? '',
    enabled: gateway?.enabled ?? true,
    settings,
  }
}

function startingValue(field: SmsKindField, stored: SmsValue | undefined): SmsValue {
  if (field.type === 'secret') return ''
  if (stored !== undefined && stored !== null) return stored
  return field.default ?? (field.type === 'switch' ? false : '')
}

/** The form as it is sent: empty fields that need not be there are left out, numbers are numbers. */
export function toSend(kind: SmsKind, form: SmsGatewayForm): SmsGatewayForm {
  const settings: Record<string, SmsValue> = {}
  for (const field of kind.fields) {
    const value = form.settings[field.name] ?? ''
    if (value === '' && (!field.required || field.type === 'secret')) continue
    settings[field.name] = field.type === 'number' ? Number(value) : value
  }
  return { ...form, name: form.name.trim(), sender: form.sender.trim(), settings }
}

/** Whether everything is there that has to be; a stored secret counts. */
export function isComplete(kind: SmsKind, form: SmsGatewayForm, stored: readonly string[]): boolean {
  const there = (field: SmsKindField): boolean =>
    !field.required ||
    (field.type === 'secret' && stored.includes(field.name)) ||
    String(form.settings[field.name] ?? '').trim() !== ''
  return form.name.trim() !== '' && form.sender.trim() !== '' && kind.fields.every(there)
}

/** A copy of `list` with the item at `index` one place up (-1) or down (1). */
export function moved<V>(list: readonly V[], index: number, step: -1 | 1): V[] {
  const found = [...list]
  const [item] = found.splice(index, 1)
  if (item !== undefined) found.splice(index + step, 0, item)
  return found
}
