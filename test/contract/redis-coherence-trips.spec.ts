import { describe, expect, it } from 'vitest';
import type { RedisCommand } from '../../src/connection/connection.js';
import type { Lease } from '../../src/store/coherence.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import {
  begin,
  claim,
  endLoads,
  fill,
  load,
  STORED,
  valuesOf,
  write,
} from '../../src/testing/store-coherence-subject.js';
import { everything } from './redis-coherence-everything.js';
import { RecordingConnection, TwoProcesses } from './redis-coherence-stores.js';
import { commandsOf } from './redis-commands.js';
import { storeOn } from './redis-stores.js';

const redis = new TwoProcesses();

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

  it('of a write with tags are two: the tags, then the entry; one more makes tags that are new', async () => {
    const { store, connection } = await warmed();
    const set = (tags: string[]) => () => store.write([write('key', 1, { tags })], 'set');
    expect(namesOf(await connection.during(set(['tag'])))).toEqual(['MGET', 'EVALSHA MGET']);
    expect(namesOf(await connection.during(set(['tag', 'new'])))).toEqual([
      'MGET',
      'EVALSHA',
      'EVALSHA MGET',
    ]);
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
