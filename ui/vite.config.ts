import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const server = process.env.IONPY_SERVER ?? 'http://127.0.0.1:8000'

const SWAGGER = ['swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js', 'swagger-ui.css', 'LICENSE', 'NOTICE']

/** Copies what the server's API page needs to `static/swagger/`, so that it works without internet. */
function swagger(): Plugin {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return {
    name: 'swagger-files',
    apply: 'build',
    generateBundle() {
      for (const name of SWAGGER) {
        this.emitFile({ type: 'asset', fileName: `static/swagger/${name}`, source: readFileSync(join(folder, name)) })
      }
    },
  }
}

export default defineConfig({
  plugins: [vue(), swagger()],
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    // Messages are interpreted, never compiled to functions: `script-src 'self'` stays possible.
    __INTLIFY_JIT_COMPILATION__: true,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  build: { outDir: 'dist', assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: {
    proxy: {
      '/api': server,
      '/schema': server,
      '/docs': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: { environment: 'jsdom', setupFiles: ['src/test/setup.ts'], include: ['src/**/*.test.ts'] },
})
