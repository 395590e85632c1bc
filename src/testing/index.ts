export { cacheConformance, type CacheSuiteOptions } from './cache-suite.js';
export type { CacheOutage, CacheSubject } from './cache-subject.js';
export {
  openCaches,
  type CacheSetup,
  type CacheSetupOptions,
  type SetupCacheOptions,
} from './open-caches.js';
export { storeConformance, type StoreSuiteOptions } from './store-suite.js';
export type { StoreCapability, StoreSubject } from './store-subject.js';
export { storeCoherence, type StoreCoherenceOptions } from './store-coherence-cases.js';
export type { CoherenceCapability, CoherenceSubject } from './store-coherence-subject.js';
export { FakeClock } from './fake-clock.js';
export { FaultyStore, type StoreMethod } from './faulty-store.js';
export {
  lockConformance,
  type LockCapability,
  type LockSubject,
  type LockSuiteOptions,
} from './lock-cases.js';
export { RecordingReporter } from './recording-reporter.js';
export { sessionStoreConformance, type SessionStoreSuiteOptions } from './session-store-suite.js';
export type {
  SessionCallback,
  SessionStoreCapability,
  SessionStoreSubject,
  TriedSessionStore,
} from './session-store-subject.js';
export type { Expectation, TestRunner } from './test-runner.js';
