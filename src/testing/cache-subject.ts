import { systemClock } from '../clock.js';
import type { NamedCache } from '../cache/named-cache.js';
import { LEASE_TIME } from '../store/coherence.js';
import type { CacheSetup, SetupCacheOptions } from './open-caches.js';

/** Caches that are empty, on the store to be tried. */
export interface CacheSubject extends CacheSetup {
  /** Lets milliseconds pass for the caches: a `FakeClock` that they go by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
  /** The caches of another process on the same entries, for `processes`. Closed with the subject. */
  another?(): CacheSetup | Promise<CacheSetup>;
  /**
   * Waits until each process has heard of what the other has done. Absent where what one has done goes for the other at once,
   * as without a memory in front of Redis.
   */
  heard?(): Promise<void>;
  /** Takes away from this process what its entries live on, and gives it back as it was, for `outages`. */
  outage?(): CacheOutage;
}

/** What keeps a process from its entries for a time. Other processes may be concerned too. */
export interface CacheOutage {
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

/** One cache as two processes have it. */
export interface SharedCache {
  readonly here: NamedCache;
  readonly there: NamedCache;
  heard(): Promise<void>;
}

/** Opens one cache in two processes. */
export async function shareCache(subject: CacheSubject, options?: SetupCacheOptions): Promise<SharedCache> {
  if (subject.another === undefined) {
    throw new Error('The subject has no other process: give it `another`, or say `processes: false`.');
  }
  const other = await subject.another();
  return {
    here: await subject.cache(options),
    there: await other.cache(options),
    heard: async () => subject.heard?.(),
  };
}

/**
 * Waits for a promise, and lets time pass for the caches until it is kept or broken.
 *
 * @throws Error when that takes nearly as long as a lease lives
 */
export async function settled<T>(subject: CacheSubject, promise: Promise<T>): Promise<T> {
  const state = { over: false };
  const over = (): void => void (state.over = true);
  promise.then(over, over);
  await passUntil(subject, () => state.over, SHORT_OF_A_LEASE);
  return promise;
}

/** Lets time pass for the caches until something is so. @throws Error when it does not become so */
export async function passUntil(
  subject: CacheSubject,
  isSo: () => boolean | Promise<boolean>,
  limit = LONGEST,
): Promise<void> {
  for (let passed = 0; passed < limit; passed += STEP) {
    await turn();
    if (await isSo()) return;
    await subject.pass(STEP);
  }
  throw new Error(`What was waited for has not come within ${limit} ms.`);
}

/** Lets happen what needs some time, though nothing tells that it has happened. */
export async function passSome(subject: CacheSubject): Promise<void> {
  for (let steps = 0; steps < 3; steps++) {
    await turn();
    await subject.pass(STEP);
  }
  await turn();
}

const STEP = 20;
const LONGEST = 10_000;
/** Who waits for another's load is woken when it ends, and not when its lease has run out. */
const SHORT_OF_A_LEASE = LEASE_TIME - 1_000;

/** Lets what waits for input or for another thread go on: a clock of a test tells nothing of these. */
function turn(): Promise<void> {
  return new Promise((resolve) => void systemClock.schedule(1, resolve, true));
}
