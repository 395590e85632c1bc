import type { EncodedValue } from '../codec/codec.js';
import { RedisCacheError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import { encodeWrites } from './encode-writes.js';
import { ForeignCalls } from './foreign-calls.js';
import { ForeignClears } from './foreign-clears.js';
import { checkOwnKeys, claim, unsupported } from './foreign-space.js';
import { hearing, watchErrors } from './keyv-errors.js';
import {
  isInProcess,
  keepsReferences,
  keyvKey,
  keyvKeys,
  type AnyKeyv,
  type KeyvEntry,
  type KeyvLike,
} from './keyv-shape.js';
import { KeyTurns } from './keyv-turns.js';
import { fromKeyvValue, toKeyvValue } from './keyv-value.js';
import type { ClosableStore, StoreContext, StoredEntry, StoreWrite } from './store.js';

/** What a store in a Keyv stands on. */
export type KeyvContext = Pick<StoreContext, 'cache' | 'space' | 'clock' | 'codec' | 'unreadable'>;

/** Keys that `clear` removes at once. */
const CLEAR_KEYS = 100;

/**
 * A store in a Keyv, of version 5 or 6, whatever it lives on. Keys and values are the Keyv's own: what `keyv.set('k', v)`
 * writes, the cache reads as `k`, and the other way round (a value that JSON does not keep stands there wrapped). A Keyv
 * serves one cache; the module's `keyPrefix` and the cache's `version` do not reach it.
 *
 * One call of the Keyv per key. `add` and `touch` look first and write then: atomic within this process only. `increment`
 * is refused for that reason. `createdAt` is the time of reading. `clear` and `keys` walk the Keyv's namespace, and are refused
 * where a Keyv outside this process has none: its own `clear` would delete what others keep there. Errors that the Keyv
 * only emits reject. A Keyv that does not answer is out of reach after 2 s. `close` disconnects it.
 *
 * @throws InvalidOptionsError when another cache lives in this Keyv
 */
export function keyvStore(keyv: KeyvLike, context: KeyvContext): ClosableStore {
  claim(keyv, context.cache);
  watchErrors(keyv);
  return new KeyvStore(keyv, context);
}

class KeyvStore implements ClosableStore {
  readonly #keyv: AnyKeyv;
  readonly #context: KeyvContext;
  readonly #calls: ForeignCalls;
  readonly #turns = new KeyTurns();
  readonly #clears = new ForeignClears();

  constructor(keyv: AnyKeyv, context: KeyvContext) {
    this.#keyv = keyv;
    this.#context = context;
    this.#calls = new ForeignCalls(`Keyv of the cache ${context.cache}`, context.clock);
  }

  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return Promise.all(keys.map((key) => this.#read(key)));
  }

  async #read(key: string): Promise<StoredEntry | undefined> {
    const entry = await this.#turns.after(key, () => this.#entry(key, true));
    if (entry === undefined) return undefined;
    try {
      return { value: await this.#valueOf(entry), createdAt: this.#context.clock.now() };
    } catch (error) {
      this.#context.unreadable(key, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async #valueOf({ value }: KeyvEntry): Promise<unknown> {
    const { codec } = this.#context;
    const wrapped = fromKeyvValue(value);
    if (wrapped !== undefined) return codec.decode(wrapped.flags, wrapped.payload);
    if (!keepsReferences(this.#keyv)) return value;
    const { flags, payload } = await codec.encode(value);
    return codec.decode(flags, Buffer.from(payload as Buffer));
  }

  /** The live entry of a key. What is there but is no entry counts as none, and is told of where `tell` says so. */
  async #entry(key: string, tell = false): Promise<KeyvEntry | undefined> {
    const own = keyvKey(this.#keyv, key);
    let found: unknown;
    try {
      found = await this.#call(async () => this.#keyv.getRaw?.(own) ?? this.#keyv.get(own, { raw: true }));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      if (tell) this.#context.unreadable(key, 'not the text of an entry of a Keyv');
      return undefined;
    }
    if (found === undefined || found === null) return undefined;
    const entry = found as KeyvEntry;
    if (entry.value === undefined) {
      if (tell) this.#context.unreadable(key, 'not an entry of a Keyv');
      return undefined;
    }
    return this.#left(entry) === 0 ? undefined : entry;
  }

  /** Milliseconds left to live, 0 when it has expired; `null` = never expires. */
  #left({ expires }: KeyvEntry): number | null {
    return typeof expires === 'number' ? Math.max(0, Math.ceil(expires - this.#context.clock.now())) : null;
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const pending = encodeWrites(this.#context.codec, writes);
    const encoded = pending instanceof Promise ? await pending : pending;
    return Promise.all(
      writes.map(({ key, ttl, wanted }, index) =>
        this.#turns.take(key, async () => {
          if (mode === 'add' && (await this.#entry(key)) !== undefined) return false;
          if (wanted?.() === false) return false;
          this.#clears.wrote(key);
          await this.#set(key, toKeyvValue(encoded[index] as EncodedValue), ttl);
          return true;
        }),
      ),
    );
  }

  async #set(key: string, value: unknown, ttl: number | null): Promise<void> {
    // 0 is a Keyv's word for no expiry; nothing would mean the Keyv's own default.
    const stored: boolean = await this.#call(() => this.#keyv.set(keyvKey(this.#keyv, key), value, ttl ?? 0));
    if (!stored) throw new RedisCacheError('REDIS_REFUSED', 'The Keyv did not take the entry.');
  }

  async delete(keys: readonly string[]): Promise<number> {
    const removed = await Promise.all(keys.map((key) => this.#turns.take(key, () => this.#delete(key))));
    return removed.filter(Boolean).length;
  }

  #delete(key: string): Promise<boolean> {
    return this.#call(() => this.#keyv.delete(keyvKey(this.#keyv, key)));
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    return this.#turns.take(key, async () => {
      const entry = await this.#entry(key);
      if (entry === undefined) return false;
      await this.#set(key, entry.value, ttl);
      return true;
    });
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const entry = await this.#turns.after(key, () => this.#entry(key));
    return entry === undefined ? undefined : this.#left(entry);
  }

  async increment(): Promise<never> {
    throw unsupported(
      this.#context.cache,
      'incr or decr',
      "a Keyv cannot add in one atomic step; use 'redis'",
    );
  }

  async *keys(glob: string): AsyncIterable<string> {
    this.#checkOwnKeys(glob);
    const matches = globMatcher(glob);
    const seen = new Set<string>();
    for await (const key of this.#walk('keys or deletePattern')) {
      if (seen.has(key) || !matches(key)) continue;
      seen.add(key);
      if ((await this.#entry(key)) !== undefined) yield key;
    }
  }

  async clear(): Promise<void> {
    this.#checkOwnKeys(undefined);
    await this.#clears.run(async (isOld) => {
      const remove = (key: string): Promise<unknown> =>
        this.#turns.take(key, async () => isOld(key) && this.#delete(key));
      await this.#turns.settled();
      let batch: string[] = [];
      for await (const key of this.#walk('clear')) {
        if (batch.push(key) < CLEAR_KEYS) continue;
        await Promise.all(batch.map(remove));
        batch = [];
      }
      await Promise.all(batch.map(remove));
    });
  }

  /** Each step is a call of its own. */
  async *#walk(what: string): AsyncIterable<string> {
    const keys = keyvKeys(this.#keyv);
    if (keys === undefined) {
      throw unsupported(this.#context.cache, what, "this Keyv's adapter cannot list its keys");
    }
    const steps = keys[Symbol.asyncIterator]();
    for (;;) {
      const step = await this.#call(() => steps.next());
      if (step.done === true) return;
      yield step.value;
    }
  }

  #checkOwnKeys(glob: string | undefined): void {
    if (this.#keyv.namespace || isInProcess(this.#keyv)) return;
    checkOwnKeys(this.#context.cache, glob, 'give the Keyv a namespace, or a glob that begins with text');
  }

  async close(): Promise<void> {
    // Whatever goes wrong: there is nobody left to be told.
    await this.#call(async () => this.#keyv.disconnect()).catch(() => {});
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.run(() => hearing(work));
  }
}
