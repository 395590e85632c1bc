import type { NamedCache } from '../cache/named-cache.js';
import { passUntil, shareCache, type CacheOutage, type CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

type Case = BehaviourCase<CacheSubject, StoreCapability>;

/** What is to replace or invalidate the entry `key`, which carries `tag`, of a cache or of its namespace `part`. */
interface Change {
  readonly what: string;
  readonly needs?: readonly StoreCapability[];
  act(cache: NamedCache): Promise<unknown>;
}

const CHANGES: readonly Change[] = [
  { what: 'removed', act: (cache) => cache.del('key') },
  { what: 'removed with others', act: (cache) => cache.mdel(['other', 'key']) },
  { what: 'set', act: (cache) => cache.set('key', 'new') },
  { what: 'set with others', act: (cache) => cache.mset([{ key: 'key', value: 'new' }]) },
  { what: 'loaded after a removal', act: (cache) => loadAfterRemoval(cache) },
  { what: 'dropped by touch', act: (cache) => cache.touch('key', 0) },
  { what: 'made stale', needs: ['stale'], act: (cache) => cache.expire('key') },
  { what: 'invalidated by its tag', needs: ['tags'], act: (cache) => cache.invalidateTags(['tag']) },
  { what: 'cleared with its cache', act: (cache) => cache.clear() },
  {
    what: 'cleared with its namespace',
    needs: ['namespaces'],
    act: (cache) => cache.namespace('part').clear(),
  },
  { what: 'mutated', needs: ['barriers'], act: (cache) => cache.mutate({ keys: ['key'] }, () => 1) },
  {
    what: 'mutated by its tag',
    needs: ['barriers', 'tags'],
    act: (cache) => cache.mutate({ tags: 'tag' }, () => 1),
  },
];

async function loadAfterRemoval(cache: NamedCache): Promise<unknown> {
  await cache.del('key');
  return cache.getOrSet('key', () => 'new');
}

function outageOf(subject: CacheSubject): CacheOutage {
  if (subject.outage !== undefined) return subject.outage();
  throw new Error('The subject has no outages: give it `outage`, or say `outages: false`.');
}

/** The part of the cache in which a change is seen. */
function partOf(cache: NamedCache, { needs = [] }: Change): NamedCache {
  return needs.includes('namespaces') ? cache.namespace('part') : cache;
}

async function works(cache: NamedCache, mark: number): Promise<boolean> {
  await cache.set('mark', mark);
  return (await cache.get('mark')) === mark;
}

async function during(
  change: Change,
  subject: CacheSubject,
  expect: Parameters<Case['run']>[1],
): Promise<void> {
  const outage = outageOf(subject);
  const cache = await subject.cache({ ttl: null });
  const seen = partOf(cache, change);
  const options = change.needs?.includes('tags') === true ? { tags: ['tag'] } : {};
  await seen.set('key', 'old', options);
  await passUntil(subject, async () => (await seen.get('key')) === 'old');
  const found: unknown[] = [];
  await outage.begin();
  try {
    await change.act(cache);
    found.push(await seen.get('key'), await seen.getOrSet('key', () => 'loaded'));
  } finally {
    await outage.end();
  }
  await passUntil(subject, async () => {
    found.push(await seen.get('key'));
    return works(cache, found.length);
  });
  for (let times = 0; times < 5; times++) {
    found.push(await seen.get('key'), seen.peek('key'), (await seen.getEntry('key'))?.value);
    await subject.pass(20);
  }
  expect(found.filter((one) => one === 'old')).toStrictEqual([]);
}

/** Behaviour 30: the service goes on when an outage has ended, and no invalidation was lost. */
export const CACHE_OUTAGE_CASES: readonly Case[] = [
  ...CHANGES.map((change): Case => ({
    title: `the old value of an entry that was ${change.what} during an outage is not served after it`,
    needs: ['outages', ...(change.needs ?? [])],
    run: (subject, expect) => during(change, subject, expect),
  })),
  {
    title: 'what was removed during an outage is removed for all processes once it has ended',
    needs: ['outages', 'processes'],
    async run(subject) {
      const outage = outageOf(subject);
      const { here, there } = await shareCache(subject, { ttl: null });
      await there.set('key', 'old');
      await passUntil(subject, async () => (await here.get('key')) === 'old');
      await outage.begin();
      try {
        await here.del('key');
      } finally {
        await outage.end();
      }
      await passUntil(subject, async () => works(there, 1));
      await passUntil(subject, async () => !(await there.has('key')));
    },
  },
  {
    title: 'what is set after an outage stays, though a removal during it was lost',
    needs: ['outages'],
    async run(subject, expect) {
      const outage = outageOf(subject);
      const cache = await subject.cache({ ttl: null });
      await cache.set('key', 'old');
      await outage.begin();
      try {
        await cache.del('key');
      } finally {
        await outage.end();
      }
      await passUntil(subject, async () => {
        await cache.set('key', 'new');
        return (await cache.get('key')) === 'new';
      });
      await subject.pass(300);
      expect(await cache.get('key')).toBe('new');
    },
  },
];
