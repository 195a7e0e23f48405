import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const engine = process.env.BINNACLE_HTTP ?? 'http://127.0.0.1:7171'

export default defineConfig({
  plugins: [svelte()],
  // In development the page is on another port than the engine, whose address its proofs cover.
  define: { 'import.meta.env.VITE_ENGINE_HOST': JSON.stringify(new URL(engine).host) },
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // A view whose styles failed to load once, while the engine was away, would never get them.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/api': { target: engine, ws: true, changeOrigin: true, headers: { origin: engine } } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
