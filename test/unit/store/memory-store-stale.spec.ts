import { describe, expect, it } from 'vitest';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { claim, entry, freshValues, storeAndClock } from './memory-store-setup.js';

const GRACEFUL = { ttl: 1_000, grace: 5_000, tags: ['x'] };

describe('a stale entry of a memory store', () => {
  it('is given out with its age until its grace has passed', async () => {
    const { store, clock } = storeAndClock();
    await store.write([entry('key', 'value', GRACEFUL)], 'set');
    const createdAt = clock.now();
    const facts = { value: 'value', createdAt, expiresAt: createdAt + 1_000, tags: ['x'] };
    clock.advance(999);
    const [fresh] = await store.read(['key']);
    expect(fresh).toMatchObject(facts);
    expect(fresh?.staleFor).toBeUndefined();
    clock.advance(1);
    expect(await store.read(['key'])).toEqual([{ ...facts, staleFor: 0 }]);
    clock.advance(4_999);
    expect(await store.read(['key'])).toEqual([{ ...facts, staleFor: 4_999 }]);
    clock.advance(1);
    expect(await store.read(['key'])).toEqual([undefined]);
  });

  it('counts as absent for everything but a load', async () => {
    const { store, clock, coherence } = storeAndClock();
    const keys = ['a', 'b', 'c'];
    await store.write(
      keys.map((key) => entry(key, 1, GRACEFUL)),
      'set',
    );
    clock.advance(1_000);
    expect([await store.ttl('a'), await store.touch('a', 5), store.peek('a')]).toEqual([
      undefined,
      false,
      undefined,
    ]);
    expect(await coherence.expire('a')).toBe(false);
    const listed: string[] = [];
    for await (const key of store.keys('*')) listed.push(key);
    expect(listed).toEqual([]);
    expect(await claim(store, 'a')).toMatchObject({ state: 'held', entry: { value: 1, staleFor: 0 } });
    expect(await store.increment('b', 1, { initial: 10, ttl: null })).toBe(11);
    expect(await store.write([entry('c', 2)], 'add')).toEqual([true]);
  });

  it('is made of a fresh one by expire, and stays for its grace from then on', async () => {
    const { store, clock, coherence } = storeAndClock();
    await store.write([entry('key', 1, { ttl: null, grace: 5_000 }), entry('graceless', 1)], 'set');
    clock.advance(100);
    expect([await coherence.expire('key'), await coherence.expire('graceless')]).toEqual([true, true]);
    expect(await store.read(['graceless'])).toEqual([undefined]);
    clock.advance(4_999);
    expect(await store.read(['key'])).toMatchObject([
      { value: 1, staleFor: 4_999, expiresAt: clock.now() - 4_999 },
    ]);
    expect(await coherence.expire('key')).toBe(false);
    clock.advance(1);
    expect(await store.read(['key'])).toEqual([undefined]);
  });

  it('is the same for a value that is kept as bytes', async () => {
    const { store, clock } = storeAndClock({ compressor: gzip({ threshold: 100 }) });
    const values = [new Map([['a', 1]]), 'x'.repeat(5_000)];
    const keys = ['rich', 'compressed'];
    await store.write(
      keys.map((key, index) => entry(key, values[index], GRACEFUL)),
      'set',
    );
    clock.advance(1_500);
    const found = await store.read(keys);
    expect(found.map((one) => [one?.value, one?.staleFor])).toEqual(values.map((value) => [value, 500]));
  });

  it('keeps its grace when the entry is touched', async () => {
    const { store, clock } = storeAndClock();
    await store.write([entry('key', 1, GRACEFUL)], 'set');
    await store.touch('key', 10_000);
    clock.advance(9_999);
    expect(await freshValues(store, 'key')).toEqual([1]);
    clock.advance(5_000);
    expect(await store.read(['key'])).toMatchObject([{ staleFor: 4_999 }]);
    clock.advance(1);
    expect(await store.read(['key'])).toEqual([undefined]);
  });

  it('is not made or unmade by the wall clock', async () => {
    const { store, clock } = storeAndClock();
    await store.write([entry('key', 1, GRACEFUL)], 'set');
    clock.jumpTo(clock.now() + 1e9);
    expect(await freshValues(store, 'key')).toEqual([1]);
    clock.advance(1_000);
    clock.jumpTo(0);
    expect(await freshValues(store, 'key')).toEqual([undefined]);
  });
});

describe('peek of a memory store', () => {
  it('gives the shared, frozen value at once', async () => {
    const { store } = storeAndClock();
    await store.write([entry('key', { list: [1] })], 'set');
    const [read] = await store.read(['key']);
    const peeked = store.peek('key');
    expect(peeked?.value).toBe(read?.value);
    expect(Object.isFrozen((peeked as { value: { list: unknown } }).value.list)).toBe(true);
    expect(store.peek('missing')).toBeUndefined();
    expect(store.namespace('a').peek('key')).toBeUndefined();
  });

  it('decodes what is kept as bytes, but for what was compressed', async () => {
    const { store } = storeAndClock({ compressor: gzip({ threshold: 100 }) });
    await store.write([entry('rich', new Map([['a', 1]])), entry('compressed', 'x'.repeat(5_000))], 'set');
    expect(store.peek('rich')?.value).toEqual(new Map([['a', 1]]));
    expect(store.peek('compressed')).toBeUndefined();
  });

  it('gives the bytes of a Buffer as they are kept, while they are fresh', async () => {
    const { store, clock } = storeAndClock({ compressor: gzip({ threshold: 100 }) });
    const bytes = Buffer.from('bytes');
    const large = Buffer.alloc(5_000);
    await store.write([entry('key', bytes), entry('text', 'bytes'), entry('compressed', large)], 'set');
    const kept = store.peekBytes('key');
    expect(kept).toEqual(bytes);
    expect(store.peekBytes('key')).toBe(kept);
    for (const key of ['text', 'compressed', 'missing']) expect(store.peekBytes(key)).toBeUndefined();
    clock.advance(86_400_000);
    expect(store.peekBytes('key')).toBeUndefined();
  });
});
