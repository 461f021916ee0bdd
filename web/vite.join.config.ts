/** The script of the customer's page: one classic script with a fixed name and old syntax, for whatever browser the customer has. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

export default defineConfig({
  base: '/static/',
  publicDir: false,
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2015',
    rollupOptions: {
      input: { join: fileURLToPath(new URL('src/join/main.ts', import.meta.url)) },
      output: { format: 'iife', entryFileNames: 'assets/[name].js' },
    },
  },
})
