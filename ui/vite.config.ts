import { createHash } from 'node:crypto'
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

const PHONE = 'src/features/mobile/'
const ICONS = ['/static/icon.svg', '/static/icon-192.png', '/static/mobile.webmanifest']

interface Built {
  code?: string
  imports?: string[]
  isEntry?: boolean
  moduleIds?: string[]
  facadeModuleId?: string | null
  viteMetadata?: { importedCss: Set<string> }
}

/** All files that the phone page needs: its parts, what they import, and their styles. */
function phoneFiles(bundle: Record<string, Built>): string[] {
  const found = new Set<string>()
  const take = (name: string): void => {
    const part = bundle[name]
    if (!part || found.has(name)) return
    found.add(name)
    part.imports?.forEach(take)
    part.viteMetadata?.importedCss.forEach((style) => found.add(style))
  }
  for (const [name, part] of Object.entries(bundle)) if (part.isEntry || part.facadeModuleId?.includes(PHONE)) take(name)
  return [...found].sort().map((name) => `/${name}`)
}

/** Writes the service worker of the phone page with the list of what it keeps. */
function phoneWorker(): Plugin {
  return {
    name: 'phone-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = [...phoneFiles(bundle as unknown as Record<string, Built>), ...ICONS]
        const source = readFileSync(new URL(`./${PHONE}worker.js`, import.meta.url), 'utf8').replace('__SHELL__', JSON.stringify(files))
        const version = createHash('sha256').update(source).digest('hex').slice(0, 12)
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: source.replace('__VERSION__', version) })
      },
    },
  }
}

export default defineConfig({
  plugins: [vue(), swagger(), phoneWorker()],
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
  test: { environment: 'jsdom', setupFiles: ['src/test/setup.ts'], css: { include: [/tokens\.css/] }, include: ['src/**/*.test.ts'] },
})
