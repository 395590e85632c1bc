import { describe, expect, it } from 'vitest';
import { memoryLocks } from '../../src/lock/memory-locks.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { DivisibleStore, Store, StoredEntry } from '../../src/store/store.js';
import {
  cacheConformance,
  FakeClock,
  FaultyStore,
  lockConformance,
  storeCoherence,
  storeConformance,
  type StoreCapability,
  type TestRunner,
} from '../../src/testing/index.js';
import { plainCodec } from './contract-codec.js';
import { FLAWED_LOCKS, FLAWED_STORES } from './flawed-stores.js';
import { SHARED_MEMORY, sharedMemory } from './shared-memory.js';

const clock = new FakeClock();

function sound(): CoherentStore {
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

type Tests = readonly (readonly [title: string, body: () => Promise<void>])[];

/** The tests that a suite registers. */
function testsOf(register: (runner: TestRunner) => void): Tests {
  const tests: [string, () => Promise<void>][] = [];
  register({
    describe: (_, body) => body(),
    it: (title, body) => tests.push([title, body]),
    expect,
  });
  return tests;
}

/** Runs the tests of a suite, and gives the titles of those that fail. */
async function failuresOf(tests: Tests): Promise<string[]> {
  const failures: string[] = [];
  for (const [title, body] of tests) await body().catch(() => failures.push(title));
  return failures;
}

/** What the test of a title fails with; `undefined` when it passes. */
async function failureOf(title: string, tests: Tests): Promise<unknown> {
  const [one, ...others] = tests.filter((test) => test[0] === title);
  if (one === undefined || others.length > 0) throw new Error(`There is not one test "${title}".`);
  return one[1]().then(
    () => undefined,
    (error: unknown) => error,
  );
}

const pass = (milliseconds: number): void => clock.advance(milliseconds);

function storeTests(open: () => Store, capabilities: Partial<Record<StoreCapability, boolean>> = {}): Tests {
  const options = { name: 'broken', capabilities, open: () => ({ store: open(), pass }) };
  return testsOf((runner) => storeConformance(runner, options));
}

function coherenceTests(front: (store: CoherentStore) => CoherentStore): Tests {
  const open = () => {
    const store = front(sound());
    return { stores: [store, store] as const, pass };
  };
  return testsOf((runner) => storeCoherence(runner, { name: 'broken', open }));
}

function cacheTests(front: (store: CoherentStore) => CoherentStore): Tests {
  const options = { name: 'broken', capabilities: SHARED_MEMORY, open: () => sharedMemory(front) };
  return testsOf((runner) => cacheConformance(runner, options));
}

function lockTests(open: typeof memoryLocks): Tests {
  const subject = () => {
    const locks = open({ clock });
    return { locks, others: locks, pass };
  };
  const options = { name: 'broken', capabilities: { lost: false }, open: subject };
  return testsOf((runner) => lockConformance(runner, options));
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
  expect(await failuresOf(storeTests(sound))).toEqual([]);
});

it.each(Object.entries(FAULTS))('finds %s', async (_, [open, title]) => {
  expect(await failuresOf(storeTests(open))).toContain(title);
});

it('does not ask for what a store says it cannot do', async () => {
  const refuses = (): never => {
    throw new Error('not supported');
  };
  const poor = broken(() => ({ increment: refuses, keys: refuses, namespace: refuses }));
  const capabilities = { increment: false, keys: false, namespaces: false };
  expect(await failuresOf(storeTests(poor, capabilities))).toEqual([]);
  expect((await failuresOf(storeTests(poor))).length).toBeGreaterThan(5);
});

describe.each(Object.entries(FLAWED_STORES))('%s', (_, { front, store, cache }) => {
  const untouched = (one: CoherentStore): CoherentStore => one;

  it('are found in a store', async () => {
    expect(await failureOf(store, coherenceTests(untouched))).toBe(undefined);
    expect(await failureOf(store, coherenceTests(front))).toBeInstanceOf(Error);
  });

  it('are found in a cache', async () => {
    expect(await failureOf(cache, cacheTests(untouched))).toBe(undefined);
    expect(await failureOf(cache, cacheTests(front))).toBeInstanceOf(Error);
  });
});

it.each(Object.entries(FLAWED_LOCKS))('finds %s', async (_, { locks, title }) => {
  expect(await failureOf(title, lockTests(memoryLocks))).toBe(undefined);
  expect(
    await failureOf(
      title,
      lockTests(() => locks(clock)),
    ),
  ).toBeInstanceOf(Error);
});

it('finds an invalidation that an outage has swallowed', async () => {
  const open = () => {
    const fronts: FaultyStore[] = [];
    const subject = sharedMemory((store) => {
      const front = new FaultyStore(store);
      fronts.push(front);
      return front as DivisibleStore as CoherentStore;
    });
    const begin = (): void => fronts.forEach((one) => one.fail());
    const end = (): void => fronts.forEach((one) => one.heal());
    return { ...subject, outage: () => ({ begin, end }) };
  };
  const options = { name: 'forgetful', capabilities: { ...SHARED_MEMORY, outages: true }, open };
  const failures = await failuresOf(
    testsOf((runner) => cacheConformance(runner, options)).filter(([title]) => title.includes('outage')),
  );
  for (const what of ['removed', 'set', 'invalidated by its tag', 'cleared with its cache', 'mutated']) {
    expect(failures).toContain(
      `the old value of an entry that was ${what} during an outage is not served after it`,
    );
  }
});

it('says what a subject lacks that says nothing of it', async () => {
  const open = () => {
    const { another: _, ...subject } = sharedMemory();
    return subject;
  };
  const tests = testsOf((runner) => cacheConformance(runner, { name: 'lacking', open }));
  const lacking: Record<string, string> = {
    'fifty concurrent callers of a cold key in two processes share one loader': 'processes: false',
    'what is set after an outage stays, though a removal during it was lost': 'outages: false',
  };
  for (const [title, advice] of Object.entries(lacking)) {
    expect(String(await failureOf(title, tests))).toContain(advice);
  }
});
