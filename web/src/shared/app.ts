/** What both apps share when they start: PrimeVue under the strict CSP, language, theme. */

import PrimeVue from 'primevue/config'
import { createApp, type App, type Component } from 'vue'
import type { Router } from 'vue-router'
import { i18n, language } from './i18n'
import { cspNonce } from './nonce'
import { preset, startTheme, DARK_CLASS } from './theme'
import './styles/base.css'
import './styles/forms.css'
import 'primeicons/primeicons.css'

export function startApp(root: Component, router: Router): App {
  startTheme()
  document.documentElement.lang = language()
  const app = createApp(root)
  app.use(PrimeVue, {
    theme: { preset, options: { darkModeSelector: `.${DARK_CLASS}`, cssLayer: false } },
    csp: { nonce: cspNonce() },
  })
  app.use(i18n)
  app.use(router)
  app.mount('#app')
  return app
}
