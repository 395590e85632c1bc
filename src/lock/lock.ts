import type { Duration } from '../duration.js';

/**
 * A lock that is held. It is renewed until it is given back, and expires by itself when its process dies.
 *
 * A holder that is paused for longer than the lock lives cannot know that it has lost it. What must not be spoiled by such
 * a holder has to remember the highest `fence` that it was given, and refuse a lower one.
 */
export interface Lock {
  readonly name: string;
  /** A number that grows each time that the lock of this name is taken, by whichever process. Below 2^53. */
  readonly fence: number;
  /**
   * Aborted with a `LockLostError` as soon as the lock may not be held any more, and before somebody else can hold it.
   * Not aborted when it is given back.
   */
  readonly signal: AbortSignal;
  /**
   * Gives it back. False when it was not held any more; then nobody else's is touched. One round trip.
   *
   * @throws RedisUnavailableError when it could not be given back now; it is tried again until it has expired
   */
  release(): Promise<boolean>;
  /** `release`, for `await using`. Never rejects. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a lock is taken. */
export interface LockOptions {
  /** How long it lives without being renewed, as when its process dies: at least 100 ms. Default 30 seconds. */
  ttl?: Duration;
  /** How long to wait for it while somebody else holds it; 0 = not at all. Default 10 seconds. */
  wait?: Duration;
}

/** The locks of one cache, or of one namespace of it. Their names have nothing to do with the keys of entries. */
export interface Locks {
  /**
   * Takes a lock, or waits for it; who waits longest need not be next. One round trip, one more for each further try: the
   * first after 5 ms, later ones up to 250 ms apart.
   *
   * @throws LockTimeoutError when it was not free within `wait`
   * @throws RedisUnavailableError when Redis is out of reach, whatever the cache's `onError` says
   * @throws InvalidOptionsError when the name is no string or an empty one, or an option is wrong
   */
  lock(name: string, options?: LockOptions): Promise<Lock>;
  /** The locks of a namespace inside this one. */
  namespace(name: string): Locks;
}

/**
 * Does some work under a lock and gives the lock back, whatever comes of the work. What the work gives or throws stands,
 * also when the lock was lost meanwhile or cannot be given back; `unreleased` is told of the latter.
 */
export async function underLock<T>(
  lock: Lock,
  work: (lock: Lock) => T | Promise<T>,
  unreleased: (error: unknown) => void,
): Promise<T> {
  try {
    return await work(lock);
  } finally {
    await lock.release().catch(unreleased);
  }
}
