import type { CacheSetup } from './open-caches.js';

/** Caches that are empty, on the store to be tried. */
export interface CacheSubject extends CacheSetup {
  /** Lets milliseconds pass for the caches: a `FakeClock` that they go by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
}
