import { milliseconds, type Duration } from '../duration.js';

/** What a loader is given: the key, and a say in how its result is kept. */
export interface LoadContext {
  readonly key: string;
  /** Sets how long this result lives; `null` = for ever, 0 = it is not stored. */
  ttl(duration: Duration | null): void;
  /** The result is returned and not stored. */
  skip(): void;
}

/** Gives the value of a key that is not cached. */
export type Loader<T> = (context: LoadContext) => T | Promise<T>;

/** A loader's wishes, as the cache reads them afterwards. */
export class LoadWishes implements LoadContext {
  readonly key: string;
  /** `undefined` = the loader said nothing. */
  wishedTtl: number | null | undefined;
  skipped = false;

  constructor(key: string) {
    this.key = key;
  }

  ttl(duration: Duration | null): void {
    this.wishedTtl = duration === null ? null : milliseconds(duration, 'ttl');
  }

  skip(): void {
    this.skipped = true;
  }
}
