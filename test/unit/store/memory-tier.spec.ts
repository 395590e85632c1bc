import { beforeEach, describe, expect, it, vi } from 'vitest';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { TierSetup } from './memory-tier-setup.js';

let setup: TierSetup;

beforeEach(() => {
  setup = new TierSetup();
});

describe('what is remembered', () => {
  it('is given back as one object, with its facts', async () => {
    const { expiresAt, createdAt } = await setup.fetched({ value: 1 });
    const kept = await setup.keep('k', { id: 1 }, { tags: [{ tag: 't', version: 'version0001' }] });
    expect(kept).toEqual({ value: { id: 1 }, createdAt, expiresAt, tags: ['t'] });
    expect(setup.tier.get(setup.key('k'))).toBe(kept);
    expect(setup.tier.get(setup.key('k'))).toBe(kept);
  });

  it('has no tags where there are none, and never expires where nothing says when', async () => {
    const kept = await setup.keep('k', null, { ttl: null });
    expect(kept).toEqual({ value: null, createdAt: setup.now(), expiresAt: null });
    setup.clock.advance(1e12);
    expect(setup.tier.get(setup.key('k'))).toBe(kept);
  });

  it('is frozen to any depth where it is JSON', async () => {
    const kept = (await setup.keep('k', { list: [{ deep: 1 }] })) as { value: { list: [{ deep: number }] } };
    expect(() => (kept.value.list[0].deep = 2)).toThrow(TypeError);
    expect(() => kept.value.list.push({ deep: 1 })).toThrow(TypeError);
  });

  it('is a value of its own for each reader where it cannot be frozen', async () => {
    const at = new Date(5);
    const kept = (await setup.keep('k', { at })) as { value: { at: Date } };
    kept.value.at.setTime(6);
    const first = setup.value('k') as { at: Date };
    expect(first).toEqual({ at });
    first.at.setTime(7);
    expect(setup.value('k')).toEqual({ at });
  });

  it.each([
    ['JSON', { text: 'x'.repeat(100) }],
    ['a Buffer', Buffer.from('abc')],
    ['rich JSON', { at: new Date(5) }],
  ])('does not hang on to the chunk of the socket it came in: %s', async (_, value) => {
    const fetched = await setup.fetched({ value });
    const look = setup.tier.look([setup.key('k')]);
    look.keep(setup.key('k'), fetched);
    look.end();
    fetched.chunk.fill(0);
    expect(setup.value('k')).toEqual(value);
  });

  it.each([
    ['JSON', { text: 'x'.repeat(1_000) }],
    ['rich JSON', { text: 'x'.repeat(1_000), at: new Date(5) }],
  ])('is expanded, and counted so: compressed %s', async (_, value) => {
    setup = new TierSetup({}, { compressor: gzip({ threshold: 1 }) });
    const fetched = await setup.fetched({ value });
    expect(fetched.bytes.length).toBeLessThan(300);
    await setup.keep('k', value);
    expect(setup.value('k')).toEqual(value);
    expect(setup.tier.sizes().bytes).toBeGreaterThan(1_000);
  });

  it('is not what cannot be read at once', async () => {
    let readable = true;
    const serializer = {
      serialize: (value: unknown) => JSON.stringify(value),
      deserialize: (bytes: Buffer): unknown => {
        if (!readable) throw new Error('cannot');
        return JSON.parse(bytes.toString());
      },
    };
    setup = new TierSetup({}, { serializer });
    await setup.keep('k', [1]);
    expect(setup.value('k')).toEqual([1]);
    readable = false;
    expect(setup.value('k')).toBeUndefined();
    expect(setup.tier.sizes().entries).toBe(0);
  });
});

describe('how long it is remembered', () => {
  it('is until it expires', async () => {
    await setup.keep('k', 1);
    setup.clock.advance(59_999);
    expect(setup.value('k')).toBe(1);
    setup.clock.advance(1);
    expect(setup.value('k')).toBeUndefined();
    expect(setup.tier.sizes()).toMatchObject({ entries: 0, versions: 0 });
  });

  it('is found out by one look at the clock for each hit', async () => {
    await setup.keep('k', 1);
    const monotonic = vi.spyOn(setup.clock, 'monotonic');
    const wall = vi.spyOn(setup.clock, 'now');
    expect(setup.value('k')).toBe(1);
    expect(monotonic).toHaveBeenCalledTimes(1);
    expect(wall).not.toHaveBeenCalled();
  });

  it('is not moved by a wall clock that jumps', async () => {
    await setup.keep('k', 1);
    setup.clock.jumpTo(0);
    setup.clock.advance(59_999);
    expect(setup.value('k')).toBe(1);
    setup.clock.jumpTo(4e12);
    expect(setup.value('k')).toBe(1);
    setup.clock.advance(1);
    expect(setup.value('k')).toBeUndefined();
  });

  it('is counted by the clock of Redis', async () => {
    const fetched = await setup.fetched({ value: 1 });
    setup.offset += 59_000;
    const look = setup.tier.look([setup.key('k')]);
    look.keep(setup.key('k'), fetched);
    look.end();
    setup.clock.advance(999);
    expect(setup.value('k')).toBe(1);
    setup.clock.advance(1);
    expect(setup.value('k')).toBeUndefined();
  });

  it('is no longer than the ttl of the memory', async () => {
    setup = new TierSetup({ ttl: 5_000 });
    await setup.keep('long', 1);
    await setup.keep('never', 1, { ttl: null });
    await setup.keep('short', 1, { ttl: 1_000 });
    setup.clock.advance(1_000);
    expect(['long', 'never', 'short'].map((key) => setup.value(key))).toEqual([1, 1, undefined]);
    setup.clock.advance(4_000);
    expect(['long', 'never'].map((key) => setup.value(key))).toEqual([undefined, undefined]);
  });

  it('is not at all when it is over by then', async () => {
    const fetched = await setup.fetched({ value: 1 });
    setup.clock.advance(60_000);
    const look = setup.tier.look([setup.key('k')]);
    expect(look.keep(setup.key('k'), fetched)).toBeUndefined();
    look.end();
    expect(setup.tier.sizes().entries).toBe(0);
  });
});

describe('its bounds', () => {
  it('are entries, the least recently used of which go first', async () => {
    setup = new TierSetup({ bounds: { max: 3, maxBytes: 1_000_000 } });
    for (const key of ['a', 'b', 'c']) await setup.keep(key, key);
    setup.value('a');
    await setup.keep('d', 'd');
    expect(['a', 'b', 'c', 'd'].map((key) => setup.value(key))).toEqual(['a', undefined, 'c', 'd']);
    expect(setup.tier.sizes()).toMatchObject({ entries: 3, evictions: 1 });
  });

  it('are bytes of keys and values', async () => {
    setup = new TierSetup({ bounds: { max: 100, maxBytes: 3_000 } });
    for (const key of ['a', 'b', 'c', 'd']) await setup.keep(key, key.repeat(900));
    const { bytes, entries, evictions } = setup.tier.sizes();
    expect([entries, evictions]).toEqual([3, 1]);
    expect(bytes).toBe(3 * (902 + setup.key('a').length));
  });

  it('leave out a value that is larger than all of the memory, and nothing else for it', async () => {
    setup = new TierSetup({ bounds: { max: 100, maxBytes: 1_000 } });
    await setup.keep('small', 1);
    expect(await setup.keep('large', 'x'.repeat(1_000))).toBeUndefined();
    expect(setup.value('small')).toBe(1);
    expect(setup.tier.sizes()).toMatchObject({ entries: 1, evictions: 0, versions: 1 });
  });
});

describe('those who wait for an entry', () => {
  let woken: string[];
  const watch = (key: string): (() => void) | undefined =>
    setup.tier.watch(setup.key(key), () => woken.push(key));

  beforeEach(() => {
    woken = [];
  });

  it('are woken when it changes, or when its lease is given back, until they go', () => {
    const stop = watch('a');
    watch('b');
    setup.channel.push(setup.key('a'));
    setup.channel.push(`${setup.key('a')}!`);
    expect(woken).toEqual(['a', 'a']);
    stop?.();
    setup.channel.push(setup.key('a'));
    expect(woken).toEqual(['a', 'a']);
    expect(setup.tier.sizes().watched).toBe(1);
  });

  it('are woken when nobody can tell any more', () => {
    watch('a');
    watch('b');
    setup.channel.down();
    expect(woken).toEqual(['a', 'b']);
  });

  it('are woken when the tier is closed', () => {
    watch('a');
    setup.tier.close();
    expect(woken).toEqual(['a']);
    expect(watch('a')).toBeUndefined();
  });

  it('are sent away while nobody tells', () => {
    setup.channel.down();
    expect(watch('a')).toBeUndefined();
    expect(setup.tier.sizes().watched).toBe(0);
    setup.channel.up();
    expect(watch('a')).toBeTypeOf('function');
  });

  it('find the entry changed when they are woken', async () => {
    await setup.keep('a', 'old');
    let found: unknown = 'not woken';
    setup.tier.watch(setup.key('a'), () => (found = setup.value('a')));
    setup.channel.push(setup.key('a'));
    expect(found).toBeUndefined();
    expect(setup.changes).toEqual(['changed a']);
  });
});

it('listens for the entries, tags and generations of its cache, until it is closed', async () => {
  expect(setup.channel.prefixes).toEqual(['p:c:v:', 'p:c:t:']);
  await setup.keep('k', 1);
  setup.tier.close();
  expect(setup.channel.hearers.size).toBe(0);
  expect(setup.value('k')).toBeUndefined();
  await setup.keep('k', 1);
  expect(setup.tier.sizes()).toMatchObject({ entries: 0, bytes: 0, versions: 0, looks: 0 });
});
