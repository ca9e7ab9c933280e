import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// `vite` serves the app with live reload in front of a running product: TRADSY_URL says where that is.
const product = process.env['TRADSY_URL'] ?? 'http://localhost:8000'
const proxied = { target: product, ws: true, changeOrigin: true, headers: { origin: product } }

/** While developing, every address below `/app` is a screen of the one page. */
const screens: Plugin = {
  name: 'screens',
  configureServer: (server) => {
    server.middlewares.use((request, _, next) => {
      if (/^\/app(\/[^.]*)?(\?.*)?$/.test(request.url ?? '')) request.url = '/app/index.html'
      next()
    })
  },
}

export default defineConfig({
  plugins: [react(), tailwindcss(), screens],
  resolve: { alias: { '@': here('./src') } },
  build: {
    outDir: here('../tradsy/web_dist'),
    emptyOutDir: true,
    target: 'es2023',
    // Inlined assets would need `data:` in the policy of scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { app: here('./app/index.html') } },
  },
  server: {
    proxy: { '/api': proxied, '/ws': proxied, '/setup': proxied, '/readyz': proxied, '/health': proxied },
  },
  test: {
    environment: 'jsdom',
    setupFiles: [here('./src/test/setup.ts')],
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
})
