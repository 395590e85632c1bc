import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { PlainSummaryReporter } from './test/support/plain-summary-reporter.js';

export default defineConfig({
  resolve: {
    alias: [
      { find: /^nestjs-redis-cache$/, replacement: source('index.ts') },
      { find: /^nestjs-redis-cache\/testing$/, replacement: source('testing/index.ts') },
      { find: /^nestjs-redis-cache\/socket-io$/, replacement: source('socket-io/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.spec.ts'],
    // They need a browser, and are run by vitest.browser.config.ts.
    exclude: [...configDefaults.exclude, 'test/browser/**'],
    setupFiles: ['reflect-metadata'],
    reporters: ['default', new PlainSummaryReporter()],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});

function source(file: string): string {
  return fileURLToPath(new URL(`src/${file}`, import.meta.url));
}
