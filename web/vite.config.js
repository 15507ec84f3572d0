import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// What `npm run dev` proxies to; `npm run build` needs no server.
const server = process.env.WEIR || 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The player libraries are larger than the warning's limit by themselves; each is fetched only when it is chosen.
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    // Go embeds the folder, which must not be empty in a fresh checkout: public/.gitkeep is copied into every build.
    emptyOutDir: true,
  },
  server: { proxy: { '/live': server, '/vod': server } },
});
