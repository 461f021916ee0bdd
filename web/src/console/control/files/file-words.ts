/** Words for the codes of file work. A code may come from the customer's PC, thus be anything. */

import type { Composer } from 'vue-i18n'
import { safeText } from '../../../shared/safe-text'

type Words = Pick<Composer, 't' | 'te'>

export function fileCode({ t, te }: Words, code: string): string {
  const key = `file_code.${code}`
  return /^[A-Z_]{1,32}$/.test(code) && te(key) ? t(key) : t('files.unknown_code', { code: safeText(code, 40) })
}
