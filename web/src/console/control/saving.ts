/** Saving what a session gives to the operator's own PC. */

import { safeText } from '../../shared/safe-text'

const MAX_NAME = 60
// What Windows, macOS or Linux refuse in a file name, and the dot, so that a host name cannot choose the extension.
const REFUSED = /[\\/:*?"<>|.]+/g

const two = (value: number): string => String(value).padStart(2, '0')

/** `WizHelper_<title>_2026-11-23_101500.<extension>`; `title` comes from the customer's PC and may be anything. */
export function fileName(title: string, at: Date, extension: string): string {
  const name = safeText(title, MAX_NAME).replace(REFUSED, '_').replace(/\s+/g, '_')
  const day = `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
  return ['WizHelper', name, day, time].filter((part) => part !== '').join('_') + `.${extension}`
}

export { download } from '../../shared/download'
