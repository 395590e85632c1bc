import { configDefaults, defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** The demo in a real browser: `npm run test:browser`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/browser/**/*.spec.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
