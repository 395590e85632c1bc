import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { checkTag } from './check-tags.js';

/** What a loader is given: the key, what is known of its old value, and a say in how its result is kept. */
export interface LoadContext<T = unknown> {
  readonly key: string;
  /** Aborted when the load has taken longer than its hard timeout, and nobody waits for it any more. */
  readonly signal: AbortSignal;
  /** The old value, where a stale one is still there; it is a copy or frozen. */
  readonly stale?: T;
  /** Sets how long this result lives; `null` = for ever, 0 = it is not stored. */
  ttl(duration: Duration | null): void;
  /** Adds tags to this result, by which it can be invalidated. */
  tags(...tags: string[]): void;
  /** The result is returned and not stored. */
  skip(): void;
  /** Says that the stale value is still right (as HTTP's 304 does): return what it gives, and it is fresh again. */
  notModified(): T;
}

/** Gives the value of a key that is not cached. */
export type Loader<T> = (context: LoadContext<T>) => T | Promise<T>;

/** A loader's wishes, as the cache reads them afterwards. */
export class LoadWishes implements LoadContext {
  readonly key: string;
  readonly stale?: unknown;
  /** Whether nobody waits for the result, since the old value is served meanwhile. */
  readonly isRefresh: boolean;
  /** `undefined` = the loader said nothing. */
  wishedTtl: number | null | undefined;
  skipped = false;
  /** For how long it is kept after its ttl, in milliseconds; `undefined` = as the plan and the cache say. */
  grace: number | undefined;
  /** The tags that the loader has named, each once. */
  readonly named = new Set<string>();
  /** What is stored beside the result, if it is stored. */
  besides: { readonly key: string; readonly value: unknown } | undefined;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;

  constructor(key: string, stale: unknown, isRefresh: boolean) {
    this.key = key;
    this.isRefresh = isRefresh;
    if (stale !== undefined) this.stale = stale;
  }

  /** Made when it is first asked for: most loaders never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }

  /** Ends the load. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  ttl(duration: Duration | null): void {
    this.wishedTtl = duration === null ? null : milliseconds(duration, 'ttl');
  }

  tags(...tags: string[]): void {
    for (const tag of tags) this.named.add(checkTag(tag));
  }

  skip(): void {
    this.skipped = true;
  }

  /** Stores the value of another key with the result, for as long and with the same tags. One at most. */
  beside(key: string, value: unknown): void {
    this.besides = { key, value };
  }

  notModified(): unknown {
    if (this.stale !== undefined) return this.stale;
    throw new InvalidOptionsError('notModified()', 'there is no stale value to keep; look at `stale` first');
  }
}
