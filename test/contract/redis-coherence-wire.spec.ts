import { describe, expect, it } from 'vitest';
import type { RedisCommand } from '../../src/connection/connection.js';
import { MessageReader } from '../../src/connection/change-message.js';
import { LEASE_TIME, type Lease } from '../../src/store/coherence.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import { TAG_LIFE } from '../../src/store/tag-lives.js';
import {
  begin,
  claim,
  CURRENT,
  endLoads,
  fill,
  load,
  OVERTAKEN,
  put,
  stateOf,
  STORED,
  valuesOf,
  write,
} from '../../src/testing/store-coherence-subject.js';
import { eventually } from '../support/eventually.js';
import { commandsOf } from './redis-commands.js';
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
  it('lives for a week, or longer than the longest entry that carries it, and never shorter', async () => {
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

  it('that expires before an entry makes it absent', async () => {
    const { stores, space } = redis.open();
    await load(stores[0], 'key', 1, { tags: ['tag'], grace: 60_000 });
    await redis.server.cli('DEL', redisKeys(space, 'key', 'tag')['tag tag'] as string);
    const one = await claim(stores[1], 'key');
    expect(one).toMatchObject({ state: 'held', entry: undefined });
    expect(await valuesOf(stores[0], 'key')).toEqual([undefined]);
  });
});

describe('round trips', () => {
  /** The commands of each round trip: of calls that are made together, one counts. */
  // A script that the server has not run yet goes by its text.
  const nameOf = ({ args: [name] }: RedisCommand): string => (name === 'EVAL' ? 'EVALSHA' : String(name));
  const namesOf = (sent: readonly (readonly RedisCommand[])[]): string[] =>
    sent.map((commands) => commands.map(nameOf).join(' '));

  async function warmed(): Promise<{ store: CoherentStore; connection: RecordingConnection }> {
    const connection = new RecordingConnection(redis.connection);
    const { store } = storeOn(connection);
    await load(store, 'warm', 1, { tags: ['tag'] });
    await fill(store, await begin(store, 'warm', { anew: true }), 1, { tags: ['named'] });
    return { store, connection };
  }

  it('of a miss are three: read, acquire, fill', async () => {
    const { store, connection } = await warmed();
    const miss = async (): Promise<void> => {
      await store.read(['key']);
      const lease = await begin(store, 'key', { tags: ['tag'] });
      expect(await fill(store, lease, 1, { tags: ['tag'] })).toEqual(STORED);
    };
    const counts = await commandsOf(redis.server, async () => {
      const sent = await connection.during(miss);
      expect(namesOf(sent)).toEqual(['MGET', 'SET EXISTS MGET MGET', 'EVALSHA MGET']);
    });
    expect(counts).toEqual({ mget: 4, exists: 1, set: 2, evalsha: 1, get: 1, del: 1 });
  });

  it('of a load whose result names further tags are one more', async () => {
    const { store, connection } = await warmed();
    const lease = await begin(store, 'key', { tags: ['tag'] });
    const sent = await connection.during(() => fill(store, lease, 1, { tags: ['tag', 'named', 'new'] }));
    expect(namesOf(sent)).toEqual(['EVALSHA', 'EVALSHA MGET']);
  });

  it('of an acquire are one more where tags, the generation or the sequence have to be made', async () => {
    const { store, connection } = await warmed();
    const acquire = (key: string, tags: string[]) => () => begin(store, key, { tags });
    expect(namesOf(await connection.during(acquire('a', ['tag'])))).toHaveLength(1);
    expect(namesOf(await connection.during(acquire('b', ['tag', 'new'])))).toEqual([
      'SET EXISTS MGET MGET',
      'EVALSHA',
    ]);
    await store.clear();
    expect(namesOf(await connection.during(acquire('c', ['tag'])))).toEqual([
      'SET EXISTS MGET MGET',
      'SET MGET',
    ]);
  });

  it('of an acquire that finds a stale entry are one, or two where the entry carries tags that were not named', async () => {
    const { store, connection } = await warmed();
    await load(store, 'stale', 1, { tags: ['tag'], grace: 60_000 });
    await store.coherence.expire('stale');
    const acquire = (tags: string[]) => async () => {
      const one = await claim(store, 'stale', { tags, anew: true });
      expect(one).toMatchObject({ state: 'held', entry: { value: 1 } });
      if (one.state === 'held') await store.coherence.release([one.lease]);
    };
    expect(namesOf(await connection.during(acquire(['tag'])))).toEqual([
      'SET EXISTS MGET MGET',
      'EVALSHA MGET',
    ]);
    expect(namesOf(await connection.during(acquire([])))).toEqual([
      'SET EXISTS MGET MGET',
      'MGET',
      'EVALSHA MGET',
    ]);
  });

  it('of what is done to many keys or tags are those of one', async () => {
    const { store, connection } = await warmed();
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    let leases: Lease[] = [];
    const acquire = async (): Promise<void> => {
      const claims = await store.coherence.acquire(keys.map((key) => ({ key, tags: ['tag'], anew: false })));
      leases = claims.flatMap((one) => (one.state === 'held' ? [one.lease] : []));
    };
    expect(await connection.during(acquire)).toHaveLength(1);
    expect(leases).toHaveLength(100);
    expect(namesOf(await connection.during(() => store.coherence.renew(leases)))).toEqual(['EVALSHA']);
    const fills = leases.map((lease) => ({ lease, write: write(lease.key, 1, { tags: ['tag'] }) }));
    expect(namesOf(await connection.during(() => endLoads(store, ...fills)))).toEqual(['EVALSHA MGET']);
    const tags = keys.map((key) => `tag of ${key}`);
    await store.coherence.invalidateTags(tags);
    expect(namesOf(await connection.during(() => store.coherence.invalidateTags(tags)))).toEqual(['EVALSHA']);
    const barrier = await store.coherence.bar({ keys, tags }, 60_000);
    expect(namesOf(await connection.during(() => barrier.renew()))).toEqual(['EVALSHA', 'EVALSHA']);
    await barrier.lift();
  });

  it('of large values are one, in a script for each megabyte', async () => {
    const { store, connection } = await warmed();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const leases: Lease[] = [];
    for (const key of keys) leases.push(await begin(store, key));
    const large = 'x'.repeat(600_000);
    const fills = leases.map((lease) => ({ lease, write: write(lease.key, large) }));
    const filling = async (): Promise<void> =>
      expect(await endLoads(store, ...fills)).toEqual(keys.map(() => STORED));
    expect(namesOf(await connection.during(filling))).toEqual(['EVALSHA EVALSHA EVALSHA MGET']);
    expect(await valuesOf(store, ...keys)).toEqual(keys.map(() => large));
  });

  it('are none where nothing is asked for', async () => {
    const { store, connection } = await warmed();
    const nothing = async (): Promise<void> => {
      await store.coherence.acquire([]);
      await endLoads(store);
      await store.coherence.release([]);
      await store.coherence.renew([]);
      await store.coherence.invalidateTags([]);
      await (await store.coherence.bar({ keys: [], tags: [] }, 60_000)).lift();
      expect(store.coherence.watch('key', () => undefined)).toBeUndefined();
    };
    expect(await connection.during(nothing)).toEqual([]);
  });
});

/** Every operation, with one key and some tags. */
async function everything(
  store: CoherentStore,
  other: CoherentStore,
  between: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { coherence } = store;
  const tags = ['a', 'b'];
  await between();
  const first = await begin(store, 'key', { tags });
  await between();
  expect(await coherence.renew([first])).toEqual([true]);
  await between();
  const lease = await begin(store, 'key', { tags, replaces: first });
  await between();
  expect(await fill(store, lease, 1, { tags: [...tags, 'named'], grace: 60_000 })).toEqual(STORED);
  expect(await valuesOf(other, 'key')).toEqual([1]);
  await between();
  expect(await coherence.expire('key')).toBe(true);
  await between();
  expect(await coherence.release([await begin(store, 'key', { tags, anew: true })], 1)).toEqual([
    { stored: false, current: true },
  ]);
  await between();
  const barrier = await coherence.bar({ keys: ['key'], tags }, 60_000);
  expect(await stateOf(other, 'key')).toBe('barred');
  await between();
  await barrier.renew();
  await between();
  await barrier.lift();
  await between();
  const overtaken = await begin(store, 'key');
  await between();
  await coherence.invalidateTags(['named']);
  await between();
  expect(await fill(store, overtaken, 1, { tags: ['named'] })).toEqual(OVERTAKEN);
  expect(await load(store, 'key', 2, { tags })).toEqual(STORED);
  await between();
  await coherence.invalidateTags(['b', 'a']);
  expect(await valuesOf(other, 'key')).toEqual([undefined]);
}

describe('scripts', () => {
  it('are given to a server that does not know them, at whatever step it forgets them', async () => {
    const { stores } = redis.open();
    await everything(...stores, () => redis.server.cli('SCRIPT', 'FLUSH'));
  });

  it('and all commands touch keys of one slot, as on a cluster', async () => {
    const connection = new RecordingConnection(redis.connection);
    const { store, again } = storeOn(connection);
    await begin(store, 'learn the generation');
    const commands = (await connection.during(() => everything(store, again()))).flat();
    const crossing = commands
      .map(({ key, args }) => ({
        args,
        slots: new Set([key, ...keysOf(args)].map((one) => slotOf(String(one)))),
      }))
      // Reads look at generations and entries together, and are no part of this.
      .filter(({ args, slots }) => slots.size !== 1 && !isRead(args));
    expect(commands.length).toBeGreaterThan(20);
    expect(crossing).toEqual([]);
  });
});

function isRead(args: RedisCommand['args']): boolean {
  return args[0] === 'MGET' && String(args[1]).includes('#gen');
}

function keysOf(args: RedisCommand['args']): RedisCommand['args'] {
  const [name, ...rest] = args;
  if (name === 'EVALSHA' || name === 'EVAL') return rest.slice(2, 2 + Number(rest[1]));
  return name === 'MGET' ? rest : rest.slice(0, 1);
}

/** What stands between the braces decides the slot: equal text is an equal slot. */
function slotOf(key: string): string {
  const tag = /\{(.+?)\}/.exec(key);
  return tag === null ? key : (tag[1] as string);
}

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
    const nothing = { get: () => undefined, drop: () => undefined, dropVersions: () => undefined };
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
