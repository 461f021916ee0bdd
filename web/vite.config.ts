/** The console and the admin app: two pages, served by the appliance below /static/. The join script is built apart. */

import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  base: '/static/',
  plugins: [vue()],
  // The server puts a fresh value in the place of this word in every page that it sends.
  html: { cspNonce: '__CSP_NONCE__' },
  define: {
    // vue-i18n: messages become syntax trees, never code, so that the page needs no 'unsafe-eval'.
    __INTLIFY_JIT_COMPILATION__: true,
    __INTLIFY_DROP_MESSAGE_COMPILER__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: true,
    __VUE_I18N_LEGACY_API__: false,
    // PrimeVue's components are written with the options API.
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // No data: URLs for assets: the content security policy allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { console: page('console.html'), admin: page('admin.html') } },
  },
  worker: { format: 'es' },
  // A busy machine is slow, not wrong: what hangs is found all the same.
  test: { environment: 'node', include: ['src/**/*.test.ts'], testTimeout: 60_000 },
})
