import type { NamedCache } from '../cache/named-cache.js';
import { passSome, passUntil, settled, shareCache, type CacheSubject } from './cache-subject.js';
import { failureOf } from './failure-of.js';
import { HeldLoader } from './held-loader.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

type Case = BehaviourCase<CacheSubject, StoreCapability>;

const FIFTY = Array.from({ length: 50 }, (_, index) => index);

/** What overtakes a load of `key` under `tag`, and what it leaves there. */
interface Overtaker {
  readonly what: string;
  readonly needs: readonly StoreCapability[];
  readonly left?: unknown;
  act(cache: NamedCache): Promise<unknown>;
}

const OVERTAKERS: readonly Overtaker[] = [
  { what: 'set', needs: [], left: 'set', act: (cache) => cache.set('key', 'set') },
  { what: 'added', needs: [], left: 'added', act: (cache) => cache.add('key', 'added') },
  { what: 'counted', needs: ['increment'], left: 5, act: (cache) => cache.incr('key', 5, { initial: 0 }) },
  { what: 'removed', needs: [], act: (cache) => cache.del('key') },
  { what: 'made stale', needs: ['stale'], act: (cache) => cache.expire('key') },
  { what: 'invalidated by its tag', needs: ['tags'], act: (cache) => cache.invalidateTags('tag') },
  { what: 'cleared with its cache', needs: [], act: (cache) => cache.clear() },
  {
    what: 'mutated',
    needs: ['barriers'],
    act: (cache) => cache.mutate({ keys: ['key'] }, () => undefined),
  },
  {
    what: 'mutated by its tag',
    needs: ['barriers', 'tags'],
    act: (cache) => cache.mutate({ tags: 'tag' }, () => undefined),
  },
];

async function overtake(
  { left, needs, act }: Overtaker,
  subject: CacheSubject,
  expect: Parameters<Case['run']>[1],
): Promise<void> {
  const { here, there, heard } = await shareCache(subject);
  const old = new HeldLoader<unknown>();
  const options = needs.includes('tags') ? { tags: ['tag'] } : {};
  const before = [here, here].map((cache) => cache.getOrSet('key', old.load, options));
  await old.begun();
  await act(there);
  await heard();
  const after = [here, here].map((cache) => cache.getOrSet<unknown>('key', () => 'new', options));
  const many = here.getOrSetMany<unknown>(['key'], async () => new Map([['key', 'new']]), options);
  await passSome(subject);
  old.give('old');
  expect(await settled(subject, Promise.all(before))).toStrictEqual(['old', 'old']);
  const right = left ?? 'new';
  expect(await settled(subject, Promise.all(after))).toStrictEqual([right, right]);
  expect([...(await settled(subject, many))]).toStrictEqual([['key', right]]);
  await heard();
  expect([await here.get('key'), await there.get('key')]).toStrictEqual([right, right]);
}

/** Behaviour 28 between processes: who shares a load, and whose result counts. */
export const CACHE_PROCESS_CASES: readonly Case[] = [
  {
    title: 'what one process writes, removes or clears goes for the other',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      for (const change of [
        () => there.del('key'),
        () => there.clear(),
        () => there.set('key', 'there'),
        () => there.mset([{ key: 'key', value: 'there' }]),
      ]) {
        await here.set('key', 'here');
        expect([await here.get('key'), await there.get('key')]).toStrictEqual(['here', 'here']);
        await change();
        const own = await there.get('key');
        await heard();
        const wanted = String(change).includes('set(') ? 'there' : undefined;
        expect([own, await here.get('key')]).toStrictEqual([wanted, wanted]);
        await there.clear();
        await heard();
      }
    },
  },
  {
    title: 'fifty concurrent callers of a cold key in two processes share one loader',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      let loads = 0;
      const load = async (): Promise<{ n: number }> => ({ n: (loads += 1) });
      const callers = FIFTY.map((index) => {
        const cache = index % 2 === 0 ? here : there;
        return index % 5 === 0 ? cache.wrap('key', load) : cache.getOrSet('key', load);
      });
      expect(await settled(subject, Promise.all(callers))).toStrictEqual(FIFTY.map(() => ({ n: 1 })));
      expect(loads).toBe(1);
    },
  },
  {
    title: 'callers in the other process wait for a loader that takes its time',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      const loader = new HeldLoader<string>();
      const first = here.getOrSet('key', loader.load);
      await loader.begun();
      const others = FIFTY.map((index) =>
        (index % 2 === 0 ? here : there).getOrSet('key', loader.load, { ttl: null }),
      );
      await passSome(subject);
      expect(loader.calls).toBe(1);
      loader.give('value');
      expect(await settled(subject, Promise.all([first, ...others]))).toStrictEqual(
        [first, ...others].map(() => 'value'),
      );
      expect(loader.calls).toBe(1);
    },
  },
  {
    title: 'a failure is not cached, stays in its process, and frees those who wait in the other',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      const boom = new Error('boom');
      const failing = new HeldLoader<string>();
      const failures = [1, 2, 3].map(() => failureOf(here.getOrSet('key', failing.load)));
      await failing.begun();
      let loads = 0;
      const load = async (): Promise<string> => `load ${(loads += 1)}`;
      const waiting = FIFTY.map(() => there.getOrSet('key', load));
      await passSome(subject);
      expect(loads).toBe(0);
      failing.fail(boom);
      expect(await settled(subject, Promise.all(failures))).toStrictEqual([boom, boom, boom]);
      expect(failing.calls).toBe(1);
      const found = await settled(subject, Promise.all(waiting));
      expect(found).toStrictEqual(FIFTY.map(() => 'load 1'));
      expect(await settled(subject, here.getOrSet('key', load))).toBe('load 1');
    },
  },
  {
    title: 'a result that is not stored frees those who wait in the other process',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      const loader = new HeldLoader<string | undefined>();
      const skipped = here.getOrSet('key', loader.load);
      await loader.begun();
      const waiting = there.getOrSet('key', () => 'known');
      await passSome(subject);
      loader.give(undefined);
      expect(await settled(subject, skipped)).toBe(undefined);
      expect(await settled(subject, waiting)).toBe('known');
    },
  },
  {
    title: 'getOrSetMany waits for what another process loads, and loads only the rest',
    needs: ['processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      const loader = new HeldLoader<string>();
      const single = there.getOrSet('b', loader.load);
      await loader.begun();
      const asked: string[][] = [];
      const many = here.getOrSetMany(['a', 'b', 'c'], async (missing) => {
        asked.push(missing);
        return new Map(missing.map((key) => [key, `here ${key}`]));
      });
      await passUntil(subject, () => asked.length > 0);
      await passSome(subject);
      loader.give('there b');
      expect(await settled(subject, single)).toBe('there b');
      expect([...(await settled(subject, many))]).toStrictEqual([
        ['a', 'here a'],
        ['b', 'there b'],
        ['c', 'here c'],
      ]);
      expect(asked).toStrictEqual([['a', 'c']]);
    },
  },
  ...OVERTAKERS.map((overtaker): Case => ({
    title: `what is loaded while its key is ${overtaker.what} in another process is for nobody who asks later`,
    needs: ['processes', ...overtaker.needs],
    run: (subject, expect) => overtake(overtaker, subject, expect),
  })),
  {
    title: 'a namespace that is cleared in another process drops what is loaded in it, and nothing else',
    needs: ['processes', 'namespaces'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      const loaders = [new HeldLoader<string>(), new HeldLoader<string>()];
      const caches = [here.namespace('part'), here];
      const loading = caches.map((cache, index) => cache.getOrSet('key', () => loaders[index]?.load()));
      await Promise.all(loaders.map((loader) => loader.begun()));
      await there.namespace('part').clear();
      for (const loader of loaders) loader.give('loaded');
      expect(await settled(subject, Promise.all(loading))).toStrictEqual(['loaded', 'loaded']);
      await heard();
      expect(await Promise.all(caches.map((cache) => cache.get('key')))).toStrictEqual([undefined, 'loaded']);
    },
  },
  {
    title:
      'a tag that only the result names, invalidated in another process meanwhile, keeps it from being stored',
    needs: ['processes', 'tags'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      const old = new HeldLoader<string>();
      const loading = here.getOrSet('key', async (context) => {
        const value = await old.load();
        context.tags('named');
        return value;
      });
      await old.begun();
      await there.invalidateTags('named');
      old.give('old');
      expect(await settled(subject, loading)).toBe('old');
      await heard();
      expect([await here.get('key'), await there.get('key')]).toStrictEqual([undefined, undefined]);
    },
  },
];
