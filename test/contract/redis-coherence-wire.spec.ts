import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../src/connection/change-message.js';
import { LEASE_TIME, type Lease } from '../../src/store/coherence.js';
import { TAG_LIFE } from '../../src/store/tag-lives.js';
import {
  begin,
  claim,
  CURRENT,
  fill,
  load,
  OVERTAKEN,
  put,
  stateOf,
  STORED,
  valuesOf,
} from '../../src/testing/store-coherence-subject.js';
import { eventually } from '../support/eventually.js';
import { everything } from './redis-coherence-everything.js';
import { RecordingConnection, redisKeys, TwoProcesses } from './redis-coherence-stores.js';
import { storeOn, toldOf } from './redis-stores.js';

const redis = new TwoProcesses();
const DAY = 24 * 3_600_000;

async function pttl(key: string | undefined): Promise<number> {
  return Number(await redis.server.cli('PTTL', key as string));
}

async function get(key: string | undefined): Promise<string | null> {
  return (await redis.server.cli('GET', key as string)) as string | null;
}

function isAbout(left: number, expected: number): boolean {
  return left <= expected && left > expected - 4_000;
}

describe('what stands in Redis', () => {
  it('a lease ends by itself after its time, unless it is renewed', async () => {
    const { stores, space } = redis.open();
    const lease = await begin(stores[0], 'key');
    const key = redisKeys(space, 'key')['lease'] as string;
    expect(isAbout(await pttl(key), LEASE_TIME)).toBe(true);
    await redis.server.cli('PEXPIRE', key, 500);
    expect(await stores[0].coherence.renew([lease])).toEqual([true]);
    expect(await pttl(key)).toBeGreaterThan(500);
    await redis.server.cli('DEL', key);
    expect(await stores[0].coherence.renew([lease])).toEqual([false]);
    expect(await get(key)).toBeNull();
  });

  it('a pause is a lease that nobody holds', async () => {
    const { stores, space } = redis.open();
    await stores[0].coherence.release([await begin(stores[0], 'key')], 60_000);
    const { lease } = redisKeys(space, 'key');
    expect(await get(lease)).toBe('!');
    expect(isAbout(await pttl(lease), 60_000)).toBe(true);
  });

  it('a load leaves nothing but its entry, the generation, the sequence and its tags', async () => {
    const { stores, space } = redis.open();
    await load(stores[0], 'key', 1, { tags: ['tag'], grace: 5_000, ttl: 60_000 });
    const keys = redisKeys(space, 'key', 'tag');
    const [prefix] = (keys['entry'] as string).split(':');
    const found = (await redis.server.cli('KEYS', `${prefix}:*`)) as string[];
    const left = [keys['entry'], keys['generation'], keys['sequence'], keys['tag tag']];
    expect(found.sort()).toEqual(left.sort());
    expect(isAbout(await pttl(keys['entry']), 65_000)).toBe(true);
  });

  it('a claim that is not to load leaves no lease', async () => {
    const { stores, space } = redis.open();
    const { lease } = redisKeys(space, 'key');
    await put(stores[0], 'key', 1);
    expect(await stateOf(stores[0], 'key')).toBe('fresh');
    await eventually(async () => expect(await get(lease)).toBeNull());
    await stores[1].coherence.bar({ keys: [], tags: ['tag'] }, 60_000);
    expect(await stateOf(stores[0], 'key', { tags: ['tag'], anew: true })).toBe('barred');
    await eventually(async () => expect(await get(lease)).toBeNull());
  });

  it('a load that ends without a value is current only if no tag at all was invalidated: it may have named any', async () => {
    const { stores } = redis.open();
    const [here, there] = stores;
    const [first, second] = [await begin(here, 'first'), await begin(here, 'second')];
    expect(await here.coherence.release([first])).toEqual([CURRENT]);
    await there.coherence.invalidateTags(['any']);
    expect(await here.coherence.release([second])).toEqual([OVERTAKEN]);
  });

  it('a barrier lasts as long as the last of those who make it stand', async () => {
    const { stores, space } = redis.open();
    const keys = redisKeys(space, 'key', 'tag');
    const targets = { keys: ['key'], tags: ['tag'] };
    const long = await stores[0].coherence.bar(targets, 90_000);
    const short = await stores[1].coherence.bar(targets, 30_000);
    const lefts = (): Promise<number[]> =>
      Promise.all([keys['barrier'], keys['barrier of tag tag']].map((key) => pttl(key)));
    expect((await lefts()).every((left) => isAbout(left, 90_000))).toBe(true);
    await long.lift();
    expect((await lefts()).every((left) => isAbout(left, 30_000))).toBe(true);
    await redis.server.cli('PEXPIRE', keys['barrier'] as string, 10_000);
    await short.renew();
    expect((await lefts()).every((left) => isAbout(left, 30_000))).toBe(true);
    await short.lift();
    expect(await lefts()).toEqual([-2, -2]);
  });

  it('a barrier that was lost stands again when it is renewed, and what came meanwhile is gone', async () => {
    const { stores, space } = redis.open();
    const [here, there] = stores;
    const keys = redisKeys(space, 'key', 'tag');
    const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, 60_000);
    await redis.server.cli('DEL', keys['barrier'] as string, keys['barrier of tag tag'] as string);
    await load(here, 'key', 1);
    await load(here, 'tagged', 1, { tags: ['tag'] });
    await barrier.renew();
    expect(await valuesOf(here, 'key', 'tagged')).toEqual([undefined, undefined]);
    expect(await stateOf(here, 'key')).toBe('barred');
    expect(await stateOf(here, 'tagged', { tags: ['tag'] })).toBe('barred');
  });
});

describe('the key of a tag', () => {
  it('lives for an hour, or longer than the longest entry that carries it, and never shorter', async () => {
    const { stores, space } = redis.open();
    const [here, there] = stores;
    const key = redisKeys(space, 'key', 'tag')['tag tag'] as string;
    const left = (): Promise<number> => pttl(key);
    await load(here, 'key', 1, { tags: ['tag'] });
    expect(isAbout(await left(), TAG_LIFE)).toBe(true);
    await load(here, 'key', 1, { tags: ['tag'], ttl: 20 * DAY, grace: 10 * DAY });
    await eventually(async () => expect(isAbout(await left(), 60 * DAY)).toBe(true));
    await there.coherence.invalidateTags(['tag']);
    expect(isAbout(await left(), 60 * DAY)).toBe(true);
    await load(there, 'key', 1, { tags: ['tag'], ttl: null });
    await eventually(async () => expect(await left()).toBe(-1));
    const barrier = await here.coherence.bar({ keys: [], tags: ['tag'] }, 60_000);
    expect(await left()).toBe(-1);
    await barrier.lift();
    expect(await left()).toBe(-1);
  });

  it('is lengthened for entries that it would not outlive, and left alone by the others', async () => {
    const { stores, space } = redis.open();
    const key = redisKeys(space, 'key', 'tag')['tag tag'] as string;
    await put(stores[0], 'key', 1, { tags: ['tag'] });
    await redis.server.cli('PEXPIRE', key, 90_000);
    // Another process, which has not seen it yet.
    await put(stores[1], 'key', 1, { tags: ['tag'], ttl: 60_000 });
    expect(await pttl(key)).toBeLessThanOrEqual(90_000);
    await put(stores[1], 'key', 1, { tags: ['tag'], ttl: 80_000, grace: 20_000 });
    expect(isAbout(await pttl(key), TAG_LIFE)).toBe(true);
  });

  it('is lengthened for a load that names it at its end', async () => {
    const { stores, space } = redis.open();
    const key = redisKeys(space, 'key', 'tag')['tag tag'] as string;
    await put(stores[0], 'other', 1, { tags: ['tag'] });
    await redis.server.cli('PEXPIRE', key, 30_000);
    await fill(stores[1], await begin(stores[1], 'key'), 1, { tags: ['tag'], ttl: 60_000 });
    await eventually(async () => expect(await pttl(key)).toBeGreaterThan(60_000));
  });

  it('is lengthened while a load runs that carries it, however long that takes', async () => {
    const { stores, space } = redis.open();
    const key = redisKeys(space, 'key', 'tag')['tag tag'] as string;
    const lease = await begin(stores[0], 'key', { tags: ['tag'] });
    expect(isAbout(await pttl(key), TAG_LIFE)).toBe(true);
    await redis.server.cli('PEXPIRE', key, 30_000);
    await stores[0].coherence.renew([lease]);
    await eventually(async () => expect(isAbout(await pttl(key), TAG_LIFE)).toBe(true));
    expect(await fill(stores[0], lease, 1, { tags: ['tag'] })).toEqual(STORED);
  });

  it('that expires while a load runs keeps its value out: who asks then finds another version', async () => {
    const { stores, space } = redis.open();
    const key = redisKeys(space, 'key', 'tag')['tag tag'] as string;
    for (const made of [false, true]) {
      const lease = await begin(stores[0], 'key', { tags: ['tag'] });
      await redis.server.cli('DEL', key);
      if (made) await put(stores[1], 'other', 1, { tags: ['tag'] });
      expect(await fill(stores[0], lease, 1, { tags: ['tag'] })).toEqual(OVERTAKEN);
      await put(stores[1], 'other', 1, { tags: ['tag'] });
      expect(await valuesOf(stores[1], 'key', 'other')).toEqual([undefined, 1]);
    }
  });

  it('that a load names first at its end, while others are invalidated, is there for the next load', async () => {
    const { stores, space } = redis.open();
    const key = redisKeys(space, 'key', 'new')['tag new'] as string;
    const loadNew = async (): Promise<unknown> => {
      const lease = await begin(stores[0], 'key');
      await stores[1].coherence.invalidateTags(['other']);
      return fill(stores[0], lease, 1, { tags: ['new'] });
    };
    expect(await loadNew()).toEqual(OVERTAKEN);
    await eventually(async () => expect(isAbout(await pttl(key), TAG_LIFE)).toBe(true));
    expect(await loadNew()).toEqual(STORED);
    expect(await valuesOf(stores[1], 'key')).toEqual([1]);
  });

  it('that expires before an entry makes it absent', async () => {
    const { stores, space } = redis.open();
    await load(stores[0], 'key', 1, { tags: ['tag'], grace: 60_000 });
    await redis.server.cli('DEL', redisKeys(space, 'key', 'tag')['tag tag'] as string);
    const one = await claim(stores[1], 'key');
    expect(one).toMatchObject({ state: 'held', entry: undefined });
    expect(await valuesOf(stores[0], 'key')).toEqual([undefined]);
  });
});

describe('whoever tracks the keys', () => {
  it('is told of every fill, release, barrier and invalidation, and of no claim and no renewal', async () => {
    const { stores, space } = redis.open();
    const [store] = stores;
    const keys = redisKeys(space, 'key', 'tag');
    const [entries, versions] = space.tracked;
    const entry = keys['entry'] as string;
    const toldBy = (prefix: string, work: () => Promise<unknown>, until: string): Promise<string[]> =>
      toldOf(redis.server, prefix, work, (told) => told.includes(until));
    let lease: Lease | undefined;
    const claiming = async (): Promise<void> => {
      lease = await begin(store, 'key', { tags: ['tag'], anew: true });
      await store.coherence.renew([lease]);
      await redis.server.cli('SET', `${entries}{end}`, '1');
    };
    expect(await toldBy(entries, claiming, `${entries}{end}`)).toEqual([`${entries}{end}`]);
    const filling = (): Promise<unknown> => fill(store, lease as Lease, 1, { tags: ['tag'] });
    expect(await toldBy(entries, filling, entry)).toEqual([entry]);
    lease = await begin(store, 'key', { anew: true });
    const releasing = (): Promise<unknown> => store.coherence.release([lease as Lease]);
    expect(await toldBy(entries, releasing, `${entry}!`)).toEqual([`${entry}!`]);
    await store.delete(['key']);
    const bar = { keys: ['key'], tags: ['tag'] };
    const barrier = await store.coherence.bar(bar, 60_000);
    expect(await toldBy(entries, () => store.coherence.bar(bar, 60_000), `${entry}!`)).toContain(`${entry}!`);
    expect(await toldBy(entries, () => barrier.lift(), `${entry}!`)).toContain(`${entry}!`);
    const tag = keys['tag tag'] as string;
    const told = await toldBy(versions, () => store.coherence.invalidateTags(['tag']), tag);
    expect(told).toContain(tag);
    expect(space.locateEntry(`${entry}!`)).toEqual({ path: [], key: 'key' });
  });

  it('is told by the scripts themselves where Redis lets nobody track, and no message is left out', async () => {
    const said: string[] = [];
    const heard = new Set<string>();
    const reader = new MessageReader();
    let gaps = 0;
    const connection = new RecordingConnection(redis.connection);
    Object.defineProperty(connection, 'changes', {
      value: {
        ...redis.connection.changes,
        voice: {
          topic: 'coherence',
          next: () => {
            said.push(`origin:${said.length + 1}`);
            return said.at(-1) as string;
          },
        },
      },
    });
    const nothing = {
      get: () => undefined,
      bytesOf: () => undefined,
      drop: () => undefined,
      dropVersions: () => undefined,
    };
    const look = () => ({ keep: () => undefined, end: () => undefined });
    const tier = { ...nothing, look, watch: () => undefined, close: () => undefined };
    const { store, space } = storeOn(connection, { tier });
    const listener = redis.connection.duplicate();
    await listener.connect();
    let messages = 0;
    await listener.subscribe(
      'coherence',
      (message: Buffer) => {
        messages += 1;
        const keys = reader.read(message);
        if (keys === undefined) gaps += 1;
        for (const key of keys ?? []) heard.add(key);
      },
      true,
    );
    try {
      await everything(store, store);
      await eventually(() => expect(messages).toBe(said.length));
    } finally {
      listener.destroy();
    }
    expect(gaps).toBe(0);
    const { entry, ...rest } = redisKeys(space, 'key', 'a', 'b', 'named');
    expect([...heard].sort()).toEqual([entry, rest['tag a'], rest['tag b'], rest['tag named']].sort());
  });
});
