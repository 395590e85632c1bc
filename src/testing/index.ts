export { cacheConformance, type CacheSubject, type CacheSuiteOptions } from './cache-suite.js';
export {
  openCaches,
  type CacheSetup,
  type CacheSetupOptions,
  type SetupCacheOptions,
} from './open-caches.js';
export {
  storeConformance,
  type StoreCapability,
  type StoreSubject,
  type StoreSuiteOptions,
} from './store-suite.js';
export { FakeClock } from './fake-clock.js';
export { FaultyStore, type StoreMethod } from './faulty-store.js';
export { RecordingReporter } from './recording-reporter.js';
export type { Expectation, TestRunner } from './test-runner.js';
