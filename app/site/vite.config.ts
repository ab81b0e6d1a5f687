import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// https://vite.dev/config/
export default defineConfig({
  plugins: [react()],
  // Relative asset URLs: the built page works at any path of any host.
  base: './',
  build: {
    // Every asset stays a file of its own, so that serving the page exercises
    // the server: several requests, several content types, one connection.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    // The bundle contains React; its licence travels with it.
    license: { fileName: 'licenses.md' },
  },
})
