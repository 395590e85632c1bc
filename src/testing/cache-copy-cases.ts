import type { CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

interface Basket {
  items: { name: string }[];
}

const basket = (): Basket => ({ items: [{ name: 'apple' }] });
const withDate = (): Basket & { at: Date; tags: Map<string, string[]> } => ({
  ...basket(),
  at: new Date(0),
  tags: new Map([['a', ['b']]]),
});

/** Changes a value as far as it lets itself be changed. */
function spoil(value: unknown): void {
  const { items, at, tags } = value as Partial<ReturnType<typeof withDate>>;
  const attempts = [
    () => items?.push({ name: 'worm' }),
    () => Object.assign(items?.[0] ?? {}, { name: 'worm' }),
    () => Object.assign(value as object, { worm: true }),
    () => at?.setTime(1),
    () => tags?.get('a')?.push('worm'),
    () => tags?.set('worm', []),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch {
      // A frozen value is as good as a copy.
    }
  }
}

/** Changing what one caller was given changes nothing for the next, on every way a value goes. */
export const CACHE_COPY_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  basket,
  withDate,
].flatMap(
  (make) =>
    [
      {
        title: `${make === basket ? 'plain' : 'rich'} values set and got are nobody else's`,
        async run(subject, expect) {
          const cache = await subject.cache();
          const own = make();
          await cache.set('key', own);
          await cache.mset([{ key: 'other', value: own }]);
          await cache.add('added', own);
          spoil(own);
          for (const read of [
            (key: string) => cache.get(key),
            async (key: string) => (await cache.mget([key]))[0],
            async (key: string) => (await cache.getEntry(key))?.value,
            (key: string) => cache.getOrSet<unknown>(key, () => 'loaded'),
            async (key: string) => (await cache.getOrSetMany([key], async () => new Map())).get(key),
            (key: string) => cache.wrap<unknown>(key, () => 'loaded'),
            (key: string) => cache.stores[0]?.get(key),
          ]) {
            for (const key of ['key', 'other', 'added']) {
              const found: unknown = await read(key);
              expect(found).toStrictEqual(make());
              spoil(found);
            }
          }
        },
      },
      {
        title: `${make === basket ? 'plain' : 'rich'} values that were loaded are nobody else's`,
        async run(subject, expect) {
          const cache = await subject.cache();
          const source = make();
          const load = async (): Promise<Basket> => source;
          const first = cache.getOrSet('key', load).then((value) => spoil(value));
          const joiners = [
            cache.getOrSet('key', load),
            cache.getOrSet('key', load),
            cache.wrap('key', load),
            cache.getOrSetMany(['key'], async () => new Map()).then((found) => found.get('key')),
          ];
          const seen = await Promise.all(
            joiners.map(async (joiner) => {
              const value = await joiner;
              const before = structuredClone(value);
              spoil(value);
              return before;
            }),
          );
          await first;
          for (const value of seen) expect(value).toStrictEqual(make());
          expect(await cache.get('key')).toStrictEqual(make());
        },
      },
      {
        title: `${make === basket ? 'plain' : 'rich'} values loaded together are nobody else's`,
        async run(subject, expect) {
          const cache = await subject.cache();
          const load = async (keys: string[]): Promise<Map<string, Basket>> =>
            new Map(keys.map((key) => [key, make()]));
          const [first, second] = await Promise.all([
            cache.getOrSetMany(['a', 'b'], load).then((found) => {
              spoil(found.get('a'));
              spoil(found.get('b'));
              return found;
            }),
            cache.getOrSetMany(['b', 'a', 'c'], load),
          ]);
          expect([...first.keys()]).toStrictEqual(['a', 'b']);
          expect([...second.entries()]).toStrictEqual(['b', 'a', 'c'].map((key) => [key, make()]));
          expect(await cache.mget(['a', 'b', 'c'])).toStrictEqual([make(), make(), make()]);
        },
      },
    ] satisfies BehaviourCase<CacheSubject, StoreCapability>[],
);
