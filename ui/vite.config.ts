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
    // All code and styles load with the page. Later, another program may have the engine's port.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: false } },
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/api': { target: engine, ws: true, changeOrigin: true, headers: { origin: engine } } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
