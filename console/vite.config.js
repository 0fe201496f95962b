import { defineConfig } from 'vite';

export default defineConfig({
  base: '/graphiql/',
  build: {
    outDir: 'dist',
    chunkSizeWarningLimit: 9000, // kB; the editor is one chunk
    rolldownOptions: {
      // What is bundled is for browsers alone, so that nothing is lost with "use client".
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
  worker: { format: 'es' },
});
