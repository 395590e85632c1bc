/**
 * Where time comes from. Everything that reads the time or waits takes a `Clock`, so that tests own time.
 */
export interface Clock {
  /** Wall-clock time: milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never goes backwards, whatever happens to the wall clock. */
  monotonic(): number;
  /**
   * Calls `callback` once after `delay` milliseconds; the returned function cancels it.
   * The wait does not keep the process alive, unless `awake` says so.
   */
  schedule(delay: number, callback: () => void, awake?: boolean): () => void;
  /** Calls `callback` once all input that has already arrived was handled (`setImmediate`). */
  afterInput(callback: () => void): void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delay, callback, awake = false) {
    const timer = setTimeout(callback, delay);
    if (!awake) timer.unref();
    return () => clearTimeout(timer);
  },
  afterInput(callback) {
    setImmediate(callback);
  },
};
