import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CodecOptions } from '../../../src/codec/codec-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { memoryStore, type MemoryBounds } from '../../../src/store/memory-store.js';
import type { DivisibleStore, StoreWrite } from '../../../src/store/store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const PLAIN: CodecOptions = {
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
};

const unreadable: string[] = [];

function storeWith(bounds: Partial<MemoryBounds> = {}, options: Partial<CodecOptions> = {}): DivisibleStore {
  unreadable.length = 0;
  return memoryStore({
    codec: createCodec({ ...PLAIN, ...options }),
    clock: new FakeClock(),
    bounds: { max: 1_000, maxBytes: 1_000_000, ...bounds },
    unreadable: (key) => unreadable.push(key),
  });
}

const write = (key: string, value: unknown): StoreWrite => ({ key, value, ttl: null });

async function presentOf(store: DivisibleStore, keys: readonly string[]): Promise<string[]> {
  const entries = await store.read(keys);
  return keys.filter((_, index) => entries[index] !== undefined);
}

describe('a memory store is bounded', () => {
  it('by count: the least recently used entries go first', async () => {
    const store = storeWith({ max: 3 });
    await store.write(
      ['a', 'b', 'c'].map((key) => write(key, 1)),
      'set',
    );
    await store.read(['a']);
    await store.write([write('d', 1)], 'set');
    expect(await presentOf(store, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('by bytes', async () => {
    const store = storeWith({ maxBytes: 10_000 });
    const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`);
    for (const key of keys) await store.write([write(key, 'x'.repeat(990))], 'set');
    const present = await presentOf(store, keys);
    expect(present.length).toBeGreaterThan(7);
    expect(present.length).toBeLessThan(11);
    expect(present.at(-1)).toBe('key 29');
  });

  it('by the bytes of its namespaces together', async () => {
    const store = storeWith({ max: 3 });
    await store.write([write('a', 1), write('b', 1)], 'set');
    await store.namespace('n').write([write('a', 1), write('b', 1)], 'set');
    expect(await presentOf(store, ['a', 'b'])).toEqual(['b']);
    expect(await presentOf(store.namespace('n'), ['a', 'b'])).toEqual(['a', 'b']);
  });

  it('a value larger than all of it is not kept, nor is the one before it', async () => {
    const store = storeWith({ maxBytes: 1_000 });
    await store.write([write('key', 'old')], 'set');
    expect(await store.write([write('key', 'x'.repeat(2_000))], 'set')).toEqual([false]);
    expect(await presentOf(store, ['key'])).toEqual([]);
  });
});

describe('a memory store with a compressor', () => {
  const compressed = { compressor: gzip({ threshold: 100 }) };
  const large = (): { text: string; list: number[] } => ({ text: 'x'.repeat(5_000), list: [1] });

  it('gives every reader a value of its own', async () => {
    const store = storeWith({}, compressed);
    await store.write([write('key', large())], 'set');
    const [first] = await store.read(['key']);
    expect(first?.value).toEqual(large());
    (first as { value: { list: number[] } }).value.list.push(2);
    const [[second], [third]] = await Promise.all([store.read(['key']), store.read(['key', 'missing'])]);
    expect(second?.value).toEqual(large());
    expect(third?.value).toEqual(large());
  });

  it('counts the bytes that it keeps', async () => {
    const store = storeWith({ maxBytes: 3_000 }, compressed);
    expect(await store.write([write('key', large())], 'set')).toEqual([true]);
  });

  it('leaves out what is not wanted any more when it has been compressed', async () => {
    const store = storeWith({}, compressed);
    let wanted = true;
    const written = store.write([{ ...write('key', large()), wanted: () => wanted }], 'set');
    wanted = false;
    expect(await written).toEqual([false]);
    expect(await presentOf(store, ['key'])).toEqual([]);
  });

  it('a small write called after a large one stands', async () => {
    const store = storeWith({}, compressed);
    const writes = [store.write([write('key', large())], 'set'), store.write([write('key', 'small')], 'set')];
    await Promise.all(writes);
    expect((await store.read(['key']))[0]?.value).toBe('small');
  });

  it('a removal called after a large write removes it', async () => {
    const store = storeWith({}, compressed);
    await Promise.all([store.write([write('key', large())], 'set'), store.delete(['key'])]);
    await turn();
    expect(await presentOf(store, ['key'])).toEqual([]);
  });
});

it('an entry that the serializer cannot read is a miss, and told', async () => {
  const serializer = {
    serialize: () => 'bytes',
    deserialize: () => {
      throw new Error('cannot');
    },
  };
  const store = storeWith({}, { serializer });
  await store.write([write('key', 1)], 'set');
  expect(await store.read(['key', 'missing'])).toEqual([undefined, undefined]);
  expect(unreadable).toEqual(['key']);
});
