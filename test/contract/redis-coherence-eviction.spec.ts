import { describe, expect, it } from 'vitest';
import type { Barrier, Lease } from '../../src/store/coherence.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import { claim, endLoads, load, put, STORED, write } from '../../src/testing/store-coherence-subject.js';
import { redisKeys, TwoProcesses } from './redis-coherence-stores.js';

/*
 * A source changes and is invalidated while somebody loads it, in every order of their steps; and at every moment of each
 * order, any one of the keys in Redis is lost, as by eviction. Once the invalidation is acknowledged, nobody may be given
 * the old value, and one more load must make everything as it was.
 */

const redis = new TwoProcesses();
const KEY = 'key';
const TAGS = ['declared', 'named'];
const OLD = 'old';
const NEW = 'new';
const GRACE = 60_000;
/** How many orders are tried at once. */
const TOGETHER = 32;

/** What happens in one order, with the state that its steps share. */
interface Run {
  readonly here: CoherentStore;
  readonly there: CoherentStore;
  source: string;
  loaded: string;
  lease: Lease | undefined;
  barrier: Barrier | undefined;
}

type Step = (run: Run) => Promise<unknown>;

const begin: Step = async (run) => {
  const one = await claim(run.here, KEY, { tags: ['declared'], anew: true });
  run.lease = one.state === 'held' ? one.lease : undefined;
};
const ask: Step = async (run) => (run.loaded = run.source);
const fill: Step = async (run) => {
  if (run.lease === undefined) return;
  const terms = { tags: TAGS, grace: GRACE };
  await endLoads(run.here, { lease: run.lease, write: write(KEY, run.loaded, terms) });
};
const change: Step = async (run) => (run.source = NEW);
const bar =
  (keys: readonly string[], tags: readonly string[]): Step =>
  async (run) =>
    (run.barrier = await run.there.coherence.bar({ keys, tags }, 60_000));
const lift: Step = (run) => run.barrier?.lift() ?? Promise.resolve();

/** Somebody else uses the tags, which makes those that are missing, and the loader hears of the generation. */
const use: Step = async ({ here, there }) => {
  await put(there, 'other', 1, { tags: TAGS });
  await here.read(['other']);
};

const INVALIDATIONS: Readonly<Record<string, readonly Step[]>> = {
  'a removal': [change, ({ there }) => there.delete([KEY])],
  'a write': [change, ({ there }) => put(there, KEY, NEW)],
  'an invalidation of a declared tag': [change, ({ there }) => there.coherence.invalidateTags(['declared'])],
  'an invalidation of a named tag': [change, ({ there }) => there.coherence.invalidateTags(['named']), use],
  'a clear': [change, ({ there }) => there.clear(), use],
  'a barrier of the key': [bar([KEY], []), change, lift],
  'a barrier of a declared tag': [bar([], ['declared']), change, lift],
  'a barrier of a named tag': [bar([], ['named']), change, lift],
};

/** All orders of two series of steps that keep the order of each. */
function ordersOf(a: readonly Step[], b: readonly Step[]): (readonly Step[])[] {
  const [a1, ...aRest] = a;
  const [b1, ...bRest] = b;
  if (a1 === undefined || b1 === undefined) return [[...a, ...b]];
  return [
    ...ordersOf(aRest, b).map((rest) => [a1, ...rest]),
    ...ordersOf(a, bRest).map((rest) => [b1, ...rest]),
  ];
}

async function valuesSeen(store: CoherentStore): Promise<unknown[]> {
  const [entry] = await store.read([KEY]);
  const one = await claim(store, KEY, { tags: ['declared'], anew: true });
  if (one.state === 'held') await store.coherence.release([one.lease]);
  const claimed = one.state === 'barred' ? undefined : one.entry;
  return [entry?.value, claimed?.value];
}

/** Runs one order in which `lost` is evicted before step `at`. Gives what it was if an old value is served. */
async function outcomeOf(order: readonly Step[], lost: string, at: number, warm: boolean): Promise<string> {
  const { stores, space } = redis.open();
  const [here, there] = stores;
  const terms = { tags: TAGS, grace: GRACE };
  if (warm) expect(await load(here, KEY, OLD, terms)).toStrictEqual(STORED);
  const run: Run = { here, there, source: OLD, loaded: OLD, lease: undefined, barrier: undefined };
  for (const [index, step] of [...order, () => Promise.resolve()].entries()) {
    if (index === at) await redis.server.cli('DEL', redisKeys(space, KEY, ...TAGS)[lost] as string);
    await step(run);
  }
  const seen = [...(await valuesSeen(here)), ...(await valuesSeen(there))];
  if (seen.includes(OLD))
    return `${lost} lost before step ${at} of ${order.map((one) => one.name).join(', ')}`;
  const end = await load(there, KEY, NEW, terms);
  if (!end.stored) return `nothing can be stored any more: ${lost} lost before step ${at}`;
  const [entry] = await here.read([KEY]);
  return entry?.value === NEW ? '' : `what was loaded is not found: ${lost} lost before step ${at}`;
}

describe.each(Object.entries(INVALIDATIONS))(
  'a load beside %s, whatever key Redis loses meanwhile',
  (_, steps) => {
    it.each([true, false])('serves no old value (with an entry there before: %s)', async (warm) => {
      const runs: (() => Promise<string>)[] = [];
      for (const order of ordersOf([begin, ask, fill], steps)) {
        for (const lost of Object.keys(redisKeys(redis.open().space, KEY, ...TAGS))) {
          for (let at = 0; at <= order.length; at++) runs.push(() => outcomeOf(order, lost, at, warm));
        }
      }
      const outcomes: string[] = [];
      for (let at = 0; at < runs.length; at += TOGETHER) {
        outcomes.push(...(await Promise.all(runs.slice(at, at + TOGETHER).map((run) => run()))));
      }
      expect(outcomes.length).toBeGreaterThan(100);
      expect(outcomes.filter((one) => one !== '')).toEqual([]);
    });
  },
);
