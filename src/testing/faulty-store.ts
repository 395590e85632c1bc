import { RedisUnavailableError } from '../errors.js';
import type { Coherence } from '../store/coherence.js';
import { isCoherent } from '../store/coherent-store.js';
import {
  isDivisible,
  type DivisibleStore,
  type Store,
  type StoredEntry,
  type StoreWrite,
} from '../store/store.js';

/** The methods of a store and of its coherence, by name. */
export type StoreMethod = keyof Store | keyof Coherence;

type Fault =
  | { readonly kind: 'fail'; readonly error: Error }
  | { readonly kind: 'hold'; readonly released: Promise<void> };

/**
 * A store in front of another that fails, hangs or answers late on command, and counts its calls. Faults hold for its
 * namespaces and its coherence too. It is coherent where the other is.
 */
export class FaultyStore implements DivisibleStore {
  /** `undefined` where the store behind is not coherent. */
  readonly coherence: Coherence | undefined;
  readonly #inner: Store;
  readonly #state: FaultState;

  constructor(inner: Store, state: FaultState = new FaultState()) {
    this.#inner = inner;
    this.#state = state;
    this.coherence = isCoherent(inner) ? faultyCoherence(inner.coherence, state) : undefined;
  }

  /**
   * From now on calls reject with `error` (default: a `RedisUnavailableError`) and do not reach the store: those of the
   * given methods, or all.
   */
  fail(error: Error = new RedisUnavailableError('faulty', 'told to fail'), ...methods: StoreMethod[]): void {
    this.#state.set({ kind: 'fail', error }, methods);
  }

  /**
   * From now on answers are held back until the returned function is called: those of the given methods, or all. The
   * calls reach the store at once.
   */
  hold(...methods: StoreMethod[]): () => void {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#state.set({ kind: 'hold', released }, methods);
    return () => {
      this.#state.heal();
      release();
    };
  }

  /** From now on everything works again. Answers that are held back stay so until they are released. */
  heal(): void {
    this.#state.heal();
  }

  /** How often a method was called, failed calls and those on namespaces included. */
  calls(method: StoreMethod): number {
    return this.#state.calls(method);
  }

  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return this.#state.pass('read', () => this.#inner.read(keys));
  }

  /** Remembers nothing, so that every read can fail. */
  peek(): undefined {
    return undefined;
  }

  peekBytes(): undefined {
    return undefined;
  }

  write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    return this.#state.pass('write', () => this.#inner.write(writes, mode));
  }

  delete(keys: readonly string[]): Promise<number> {
    return this.#state.pass('delete', () => this.#inner.delete(keys));
  }

  touch(key: string, ttl: number | null): Promise<boolean> {
    return this.#state.pass('touch', () => this.#inner.touch(key, ttl));
  }

  ttl(key: string): Promise<number | null | undefined> {
    return this.#state.pass('ttl', () => this.#inner.ttl(key));
  }

  increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    return this.#state.pass('increment', () => this.#inner.increment(key, by, start));
  }

  async *keys(glob: string, stale?: boolean): AsyncIterable<string> {
    await this.#state.pass('keys', async () => {});
    yield* this.#inner.keys(glob, stale);
  }

  clear(): Promise<void> {
    return this.#state.pass('clear', () => this.#inner.clear());
  }

  namespace(name: string): DivisibleStore {
    if (!isDivisible(this.#inner)) throw new TypeError('The store behind the FaultyStore cannot be divided.');
    return new FaultyStore(this.#inner.namespace(name), this.#state);
  }
}

function faultyCoherence(inner: Coherence, state: FaultState): Coherence {
  return {
    acquire: (requests) => state.pass('acquire', () => inner.acquire(requests)),
    fill: (fills) => state.pass('fill', () => inner.fill(fills)),
    release: (leases, pause) => state.pass('release', () => inner.release(leases, pause)),
    renew: (leases) => state.pass('renew', () => inner.renew(leases)),
    watch: (key, wake) => inner.watch(key, wake),
    invalidateTags: (tags) => state.pass('invalidateTags', () => inner.invalidateTags(tags)),
    expire: (key, grace) => state.pass('expire', () => inner.expire(key, grace)),
    bar: (targets, ttl) => state.pass('bar', () => inner.bar(targets, ttl)),
  };
}

/** What a FaultyStore and its namespaces share. */
class FaultState {
  readonly #faults = new Map<StoreMethod | 'any', Fault>();
  readonly #calls = new Map<StoreMethod, number>();

  set(fault: Fault, methods: readonly StoreMethod[]): void {
    for (const method of methods.length === 0 ? (['any'] as const) : methods) this.#faults.set(method, fault);
  }

  heal(): void {
    this.#faults.clear();
  }

  calls(method: StoreMethod): number {
    return this.#calls.get(method) ?? 0;
  }

  async pass<T>(method: StoreMethod, call: () => Promise<T>): Promise<T> {
    this.#calls.set(method, this.calls(method) + 1);
    const fault = this.#faults.get(method) ?? this.#faults.get('any');
    if (fault?.kind === 'fail') throw fault.error;
    if (fault === undefined) return call();
    const [outcome] = await Promise.allSettled([call(), fault.released]);
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }
}
