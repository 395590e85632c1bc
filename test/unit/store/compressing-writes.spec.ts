import { expect, it } from 'vitest';
import type { Compressor } from '../../../src/codec/codec-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { DivisibleStore } from '../../../src/store/store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** A store that compresses every value, and what ends its compressions, in the order in which they began. */
function compressingStore(): { store: DivisibleStore; ends: (() => void)[] } {
  const ends: (() => void)[] = [];
  const compressor: Compressor = {
    threshold: 0,
    compress: (bytes) => new Promise((resolve) => ends.push(() => resolve(bytes.subarray(1)))),
    decompress: async (bytes) => Buffer.concat([Buffer.from('"'), bytes]),
  };
  const codec = createCodec({
    types: [],
    serializer: undefined,
    compressor,
    maxBytes: Infinity,
    format: 'entry',
  });
  const bounds = { max: 100, maxBytes: 10_000 };
  const store = memoryStore({ codec, clock: new FakeClock(), bounds, unreadable: () => undefined });
  return { store, ends };
}

const set = (store: DivisibleStore, key: string, value: string): Promise<boolean[]> =>
  store.write([{ key, value, ttl: null }], 'set');

async function valueOf(store: DivisibleStore, key: string): Promise<unknown> {
  return (await store.read([key]))[0]?.value;
}

it.each([
  ['in the order of the calls', [0, 1]],
  ['the other way round', [1, 0]],
])('of two values compressed at once the one called last stands, ended %s', async (_, order) => {
  const { store, ends } = compressingStore();
  const writes = [set(store, 'key', 'first'), set(store, 'key', 'last')];
  for (const one of order) {
    ends[one]?.();
    await writes[one];
  }
  expect(await valueOf(store, 'key')).toBe('last');
});

it('a removal at any moment between the end of a compression and the write removes what is written', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { store, ends } = compressingStore();
    const written = set(store, 'key', 'value');
    ends[0]?.();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await store.delete(['key']);
    await written;
    expect([turns, await valueOf(store, 'key')]).toEqual([turns, undefined]);
  }
});

it('a clear removes what is being compressed in the store and in its namespaces, and nothing else', async () => {
  const { store, ends } = compressingStore();
  const a = store.namespace('a');
  const b = store.namespace('b');
  const writes = [set(a, 'key', 'in a'), set(a.namespace('c'), 'key', 'in c'), set(b, 'key', 'in b')];
  await a.clear();
  for (const end of ends) end();
  expect(await Promise.all(writes)).toEqual([[false], [false], [true]]);
});

it.each(['first', 'last'])(
  'an entry that is not added takes nothing with it, compressed %s',
  async (when) => {
    const { store, ends } = compressingStore();
    const old = set(store, 'key', 'old');
    ends.shift()?.();
    await old;
    const written = set(store, 'key', 'new');
    const added = store.write([{ key: 'key', value: 'added', ttl: null }], 'add');
    if (when === 'first') ends.reverse();
    for (const end of ends) {
      end();
      await Promise.race([written, added]);
    }
    expect([await written, await added]).toEqual([[true], [false]]);
    expect(await valueOf(store, 'key')).toBe('new');
  },
);
