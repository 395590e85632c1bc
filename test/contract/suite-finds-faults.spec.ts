import { expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import type { DivisibleStore, Store, StoredEntry } from '../../src/store/store.js';
import { FakeClock, storeConformance, type StoreCapability } from '../../src/testing/index.js';
import { plainCodec } from './contract-codec.js';

const clock = new FakeClock();

function sound(): DivisibleStore {
  const bounds = { max: 100_000, maxBytes: 10_000_000 };
  return memoryStore({ codec: plainCodec, clock, bounds, unreadable: () => undefined });
}

/** A sound store with some methods replaced. */
function broken(fault: (store: DivisibleStore) => Partial<DivisibleStore>): () => DivisibleStore {
  return () => {
    const store = sound();
    const own = fault(store);
    return new Proxy(store, {
      get(target, name) {
        const method: unknown = Reflect.get(name in own ? own : target, name);
        return typeof method === 'function' ? (method.bind(name in own ? own : target) as unknown) : method;
      },
    });
  };
}

/** Runs the suite by a runner of a few lines and gives the titles of the tests that fail. */
async function failuresOf(
  open: () => Store,
  capabilities: Partial<Record<StoreCapability, boolean>> = {},
): Promise<string[]> {
  const tests: (readonly [string, () => Promise<void>])[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => tests.push([title, body]),
    expect,
  };
  const pass = (milliseconds: number): void => clock.advance(milliseconds);
  storeConformance(runner, { name: 'broken', capabilities, open: () => ({ store: open(), pass }) });
  const failures: string[] = [];
  for (const [title, body] of tests) await body().catch(() => failures.push(title));
  return failures;
}

const FAULTS: Readonly<Record<string, readonly [open: () => Store, title: string]>> = {
  'a clear that forgets nothing': [
    broken(() => ({ clear: async () => undefined })),
    'clear drops every entry; later writes stay',
  ],
  'values that are shared': [
    broken((store) => {
      const values = new Map<string, StoredEntry>();
      return {
        async write(writes, mode) {
          for (const { key, value } of writes) values.set(key, { value, createdAt: 0 });
          return store.write(writes, mode);
        },
        read: async (keys) => keys.map((key) => values.get(key)),
      };
    }),
    'a value changed by its writer or by a reader does not change for others',
  ],
  'a ttl that is counted in seconds': [
    broken((store) => ({
      write: (writes, mode) =>
        store.write(
          writes.map((one) => ({ ...one, ttl: one.ttl === null ? null : one.ttl * 1_000 })),
          mode,
        ),
    })),
    'says how long an entry has left',
  ],
  'a counter that loses its ttl': [
    broken((store) => ({
      async increment(key, by, start) {
        const sum = await store.increment(key, by, start);
        await store.touch(key, null);
        return sum;
      },
    })),
    'adds to an integer, up and down, and keeps its ttl',
  ],
  'namespaces that are the store itself': [
    broken((store) => ({ namespace: () => store })),
    'a namespace has keys of its own',
  ],
};

it('passes a sound store', async () => {
  expect(await failuresOf(sound)).toEqual([]);
});

it.each(Object.entries(FAULTS))('finds %s', async (_, [open, title]) => {
  expect(await failuresOf(open)).toContain(title);
});

it('does not ask for what a store says it cannot do', async () => {
  const refuses = (): never => {
    throw new Error('not supported');
  };
  const poor = broken(() => ({ increment: refuses, keys: refuses, namespace: refuses }));
  expect(await failuresOf(poor, { increment: false, keys: false, namespaces: false })).toEqual([]);
  expect((await failuresOf(poor)).length).toBeGreaterThan(5);
});
