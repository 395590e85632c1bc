import { createCache, type Cache } from 'cache-manager';
import { describe, expect, it } from 'vitest';
import type { NamedCache } from '../../src/cache/named-cache.js';
import { systemClock } from '../../src/clock.js';
import { openCaches } from '../../src/testing/index.js';
import { cachesOn, SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();
const EVENTS = ['get', 'mget', 'set', 'mset', 'del', 'mdel', 'clear', 'refresh'] as const;

/** What is said by both, in the form in which it can be compared. */
type Line = readonly [call: string, result: unknown];

interface Theatre {
  readonly cache: Cache;
  readonly lines: Line[];
  say(call: string, result: unknown): void;
}

/** The real one, with a default ttl as ours has one. */
function theirs(): Cache {
  return createCache({ ttl: 300_000 });
}

function near(time: unknown): unknown {
  return typeof time === 'number' ? `in ${Math.round((time - Date.now()) / 10_000)} × 10 s` : time;
}

/** Runs a script of calls and writes down all answers and all events. */
async function play(cache: Cache, script: (theatre: Theatre) => Promise<void>): Promise<Line[]> {
  const lines: Line[] = [];
  const say = (call: string, result: unknown): void => void lines.push([call, structuredClone(result)]);
  for (const event of EVENTS) {
    cache.on(
      event as 'get',
      ((data: { store?: string } | undefined) => {
        // cache-manager tells a set twice, once with the store and once without: here it counts as one.
        if (event === 'set' && data && !('store' in data) && !('error' in data)) return;
        say(`event ${event}`, data);
      }) as never,
    );
  }
  await script({ cache, lines, say });
  return lines;
}

const SCRIPTS: Readonly<Record<string, (theatre: Theatre) => Promise<void>>> = {
  async 'get, set, del'({ cache, say }) {
    say('get', await cache.get('key'));
    for (const value of ['text', 0, false, null, { a: [1] }]) {
      say('set', await cache.set('key', value));
      say('get', await cache.get('key'));
    }
    say('del', await cache.del('key'));
    say('del again', await cache.del('key'));
    say('get', await cache.get('key'));
  },
  async 'mget, mset, mdel'({ cache, say }) {
    const list: { key: string; value: unknown; ttl?: number }[] = [
      { key: 'a', value: 1 },
      { key: 'b', value: 'two', ttl: 60_000 },
      { key: 'c', value: null },
    ];
    say('mset', await cache.mset(list));
    say('mget', await cache.mget(['c', 'x', 'b', 'a', 'a']));
    say('mget of nothing', await cache.mget([]));
    say('mset of nothing', await cache.mset([]));
    say('mdel', await cache.mdel(['a', 'x']));
    say('mdel of nothing', await cache.mdel([]));
    say('mget', await cache.mget(['a', 'b']));
  },
  async ttl({ cache, say }) {
    await cache.set('default', 1);
    await cache.set('own', 1, 60_000);
    await cache.set('zero', 1, 0);
    await cache.mset([{ key: 'many zero', value: 1, ttl: 0 }]);
    for (const key of ['default', 'own', 'zero', 'many zero', 'missing']) {
      say(`ttl ${key}`, near(await cache.ttl(key)));
    }
    await cache.set('negative', 1, -1);
    say('negative', await cache.get('negative'));
  },
  async clear({ cache, say }) {
    await cache.set('a', 1);
    say('clear', await cache.clear());
    say('get', await cache.get('a'));
  },
  async 'wrap in all its forms'({ cache, say }) {
    let loads = 0;
    const load = async (): Promise<{ n: number }> => ({ n: ++loads });
    say('miss', await cache.wrap('key', load));
    say('hit', await cache.wrap('key', load));
    say('number', await cache.wrap('number', load, 60_000));
    say('function', await cache.wrap('function', load, ({ n }) => n * 60_000));
    say('options', await cache.wrap('options', load, { ttl: 60_000 }));
    say('zero', await cache.wrap('zero', load, 0));
    say('synchronous', await cache.wrap('synchronous', () => 'value'));
    for (const key of ['key', 'number', 'function', 'options', 'zero', 'synchronous']) {
      say(`ttl ${key}`, near(await cache.ttl(key)));
    }
    say('null', await cache.wrap('null', () => null));
    say('null again', await cache.wrap<unknown>('null', () => 'not asked'));
    const failing = cache.wrap('failing', () => Promise.reject(new Error('boom')));
    say('failing', await failing.catch((error: Error) => error.message));
    say('after the failure', await cache.wrap('failing', () => 'works'));
    say('loads', loads);
  },
  async 'wrap with raw'({ cache, say }) {
    for (const round of ['miss', 'hit']) {
      const raw = await cache.wrap('key', () => ({ a: 1 }), { ttl: 60_000, raw: true });
      say(round, { ...raw, expires: near(raw?.expires) });
    }
  },
  async 'wrap that is called fifty times at once'({ cache, say }) {
    let loads = 0;
    const found = await Promise.all(
      Array.from({ length: 50 }, () => cache.wrap('key', async () => ({ n: ++loads }))),
    );
    say('found', found);
    say('loads', loads);
  },
  async 'wrap with a refreshThreshold'({ cache, say }) {
    await cache.set('key', 'old', 10_000);
    const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
    say('far', await cache.wrap('key', () => 'new', 60_000, 5_000));
    say('near', await cache.wrap('key', () => 'new', 60_000, 50_000));
    await refreshed;
    say('refreshed', await cache.get('key'));
    say('ttl', near(await cache.ttl('key')));
    await cache.set('key', 'old', 10_000);
    const failed = new Promise((resolve) => cache.on('refresh', resolve));
    const boom = (): Promise<string> => Promise.reject(new Error('boom'));
    const served = await cache.wrap('key', boom, { refreshThreshold: () => 50_000 });
    await failed;
    say('failing', served);
    say('still there', await cache.get('key'));
  },
};

/** What goes through the Keyv tells the events of our cache; that of cache-manager hears nothing of it. */
async function throughTheStore({ cache, say }: Theatre): Promise<void> {
  const store = cache.stores[0];
  if (store === undefined) throw new Error('There is no store.');
  say('set', await store.set('key', { a: 1 }, 60_000));
  say('get', await cache.get('key'));
  say('ttl', near(await cache.ttl('key')));
  await cache.set('other', 'value');
  say('get', await store.get('other'));
  say('getMany', await store.getMany(['key', 'missing', 'other']));
  say('has', await store.has('key'));
  say('has not', await store.has('missing'));
  say('delete', await store.delete('key'));
  say('get', await cache.get('key'));
  await store.clear();
  say('get', await cache.get('other'));
}

const ours: readonly (readonly [string, () => Promise<NamedCache>])[] = [
  ['memory', () => openCaches({ store: 'memory', clock: systemClock }).cache()],
  ['Redis', () => cachesOn(redis.connection).cache()],
];

describe.each(ours)('a named cache in %s says what cache-manager says', (_, open) => {
  it.each(Object.entries(SCRIPTS))('%s', async (__, script) => {
    const cache: Cache = await open();
    expect(await play(cache, script)).toStrictEqual(await play(theirs(), script));
  });

  it('the first of the stores', async () => {
    const answers = async (cache: Cache): Promise<Line[]> =>
      (await play(cache, throughTheStore)).filter(([call]) => !call.startsWith('event'));
    expect(await answers(await open())).toStrictEqual(await answers(theirs()));
  });

  it('cacheId, disconnect, off', async () => {
    const cache = await open();
    expect(cache.cacheId()).toBe('default');
    expect(await cache.disconnect()).toBe(undefined);
    expect(await theirs().disconnect()).toBe(undefined);
    const listener = (): void => expect.unreachable();
    cache.on('set', listener);
    cache.off('set', listener);
    await cache.set('key', 1);
  });
});

describe('where a named cache means to differ', () => {
  it('an undefined result is given back and not cached', async () => {
    const cache = await openCaches({ store: 'memory', clock: systemClock }).cache();
    let loads = 0;
    await cache.wrap('key', () => void (loads += 1));
    await cache.wrap('key', () => void (loads += 1));
    expect(loads).toBe(2);
    expect(await cache.has('key')).toBe(false);
  });

  it('raw never gives NaN for what does not expire', async () => {
    const cache = await openCaches({ store: 'memory', clock: systemClock }).cache({ ttl: null });
    expect(await cache.wrap('key', () => 1, { raw: true })).toStrictEqual({ value: 1 });
    expect(await cache.wrap('key', () => 1, { raw: true })).toStrictEqual({ value: 1 });
    const real = await createCache().wrap('key', () => 1, { raw: true });
    expect(real).toStrictEqual({ value: 1, expires: NaN });
  });

  it('what is given out is a copy or frozen', async () => {
    const cache = await openCaches({ store: 'memory', clock: systemClock }).cache();
    const real = theirs();
    for (const one of [cache, real]) await one.set('key', { list: [1] });
    const found = (await real.get<{ list: number[] }>('key')) as { list: number[] };
    found.list.push(2);
    expect(await real.get('key')).toEqual({ list: [1, 2] });
    const frozen = (await cache.get<{ list: number[] }>('key')) as { list: number[] };
    expect(() => frozen.list.push(2)).toThrow(TypeError);
    expect(await cache.get('key')).toEqual({ list: [1] });
  });

  it('a key must be a text', async () => {
    const cache = await openCaches({ store: 'memory', clock: systemClock }).cache();
    await expect(cache.get(5 as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
