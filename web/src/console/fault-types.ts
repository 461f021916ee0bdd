/** The company's fault types, loaded once they are needed. An operator can wrap up without them, so a failure is only told. */

import { shallowRef } from 'vue'
import { api } from '../shared/auth'
import { notify } from '../shared/feedback'
import { ApiError } from '../shared/http'
import { i18n } from '../shared/i18n'
import type { FaultType } from '../shared/types'

export const faultTypes = shallowRef<FaultType[]>([])

export async function loadFaultTypes(): Promise<void> {
  try {
    faultTypes.value = await api.faultTypes()
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem
    notify(problem.message || i18n.global.t('error.NETWORK'), 'error')
  }
}
