import { describe, expect, it } from 'vitest';
import {
  NotANumberError,
  type Store,
  type StoreContext,
  type StoredEntry,
  type StoreFactory,
  type StoreWrite,
} from '../../src/index.js';
import {
  cacheConformance,
  FakeClock,
  openCaches,
  type Expectation,
  type TestRunner,
} from '../../src/testing/index.js';

interface Kept {
  readonly flags: number;
  readonly bytes: Buffer;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

/** A store such as an application may write, by what the package exports. */
class MapStore implements Store {
  readonly #entries = new Map<string, Kept>();
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return Promise.all(
      keys.map(async (key) => {
        const kept = this.#live(key);
        if (kept === undefined) return undefined;
        return {
          value: await this.#context.codec.decode(kept.flags, kept.bytes),
          createdAt: kept.createdAt,
        };
      }),
    );
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const kept = await Promise.all(writes.map(({ value, ttl }) => this.#seal(value, this.#expiry(ttl))));
    return writes.map(({ key, wanted }, index) => {
      if (wanted?.() === false || (mode === 'add' && this.#live(key) !== undefined)) return false;
      this.#entries.set(key, kept[index] as Kept);
      return true;
    });
  }

  async delete(keys: readonly string[]): Promise<number> {
    return keys.filter((key) => this.#live(key) !== undefined && this.#entries.delete(key)).length;
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    const kept = this.#live(key);
    if (kept !== undefined) this.#entries.set(key, { ...kept, expiresAt: this.#expiry(ttl) });
    return kept !== undefined;
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const expiresAt = this.#live(key)?.expiresAt;
    return typeof expiresAt === 'number' ? expiresAt - this.#context.clock.now() : expiresAt;
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const kept = this.#live(key);
    if (kept === undefined && start.initial === undefined) return undefined;
    // Nothing is compressed here, so what is decoded is no promise.
    const before = kept === undefined ? start.initial : this.#context.codec.decode(kept.flags, kept.bytes);
    const sum = Number.isSafeInteger(before) && !Object.is(before, -0) ? (before as number) + by : NaN;
    if (!Number.isSafeInteger(sum)) throw new NotANumberError('no integer');
    const sealed = this.#seal(sum, kept === undefined ? this.#expiry(start.ttl) : kept.expiresAt);
    this.#entries.set(key, sealed as Kept);
    return sum;
  }

  keys(): never {
    throw new Error('This store does not list its keys.');
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }

  #live(key: string): Kept | undefined {
    const kept = this.#entries.get(key);
    const gone = typeof kept?.expiresAt === 'number' && kept.expiresAt <= this.#context.clock.now();
    return gone ? undefined : kept;
  }

  #expiry(ttl: number | null): number | null {
    return ttl === null ? null : this.#context.clock.now() + ttl;
  }

  #seal(value: unknown, expiresAt: number | null): Kept | Promise<Kept> {
    const { codec, clock } = this.#context;
    const keep = ({ flags, payload }: { flags: number; payload: string | Buffer }): Kept => ({
      flags,
      bytes: Buffer.from(payload as string),
      createdAt: clock.now(),
      expiresAt,
    });
    const encoded = codec.encode(value);
    return encoded instanceof Promise ? encoded.then(keep) : keep(encoded);
  }
}

const mapStore: StoreFactory = { open: (context) => new MapStore(context) };

/** Two invalid dates are not equal to Jest. */
function isInvalidDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}

/** An `expect` with as little, and as particular about dates, as that of Jest. */
function expectAsJest(actual: unknown): Expectation {
  return {
    toBe: (expected) => expect(actual).toBe(expected),
    toStrictEqual(expected) {
      if ([actual].flat().some(isInvalidDate)) throw new Error('Invalid Date is not equal to Invalid Date');
      expect(actual).toStrictEqual(expected);
    },
  };
}

const RUNNERS: Readonly<Record<string, TestRunner>> = {
  'by Vitest': { describe, it, expect },
  'by a runner like Jest': { describe, it, expect: expectAsJest },
};

/** What a store that keeps one process right, and no more, cannot do. */
const INCOHERENT = {
  ...{ versions: false, namespaces: false, keys: false },
  ...{ tags: false, stale: false, barriers: false, locks: false, processes: false, outages: false },
};

for (const [name, runner] of Object.entries(RUNNERS)) {
  cacheConformance(runner, {
    name: `a store of one's own, ${name}`,
    capabilities: INCOHERENT,
    open() {
      const clock = new FakeClock();
      return {
        ...openCaches({ store: () => mapStore, clock }),
        pass: (milliseconds) => clock.advance(milliseconds),
      };
    },
  });
}
