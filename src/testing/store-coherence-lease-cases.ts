import { LEASE_TIME, type Lease, type LoadEnd } from '../store/coherence.js';
import type { CoherentStore } from '../store/coherent-store.js';
import type { StoreWrite } from '../store/store.js';
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
  type CoherenceCapability,
  type CoherenceSubject,
} from './store-coherence-subject.js';
import { failureNameOf } from './failure-of.js';
import type { BehaviourCase } from './test-runner.js';

type Case = BehaviourCase<CoherenceSubject, CoherenceCapability>;

/** What ends the lease of `key`, and what it leaves there for readers. */
const OVERTAKERS: readonly {
  readonly what: string;
  readonly left: unknown;
  act(store: CoherentStore): Promise<unknown>;
}[] = [
  { what: 'removed', left: undefined, act: (store) => store.delete(['key']) },
  { what: 'written', left: 'newer', act: (store) => put(store, 'key', 'newer') },
  { what: 'added', left: 'newer', act: (store) => store.write([write('key', 'newer')], 'add') },
  { what: 'counted', left: 5, act: (store) => store.increment('key', 5, { initial: 0, ttl: null }) },
  { what: 'made stale', left: undefined, act: (store) => store.coherence.expire('key') },
  { what: 'cleared with everything', left: undefined, act: (store) => store.clear() },
  {
    what: 'barred',
    left: undefined,
    act: async (store) => (await store.coherence.bar({ keys: ['key'], tags: [] }, 60_000)).lift(),
  },
];

const overtaken: readonly Case[] = OVERTAKERS.flatMap(({ what, left, act }) => [
  {
    title: `what was loaded before its key is ${what} elsewhere is not stored`,
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key');
      await act(there);
      expect(await fill(here, lease, 'older')).toStrictEqual(OVERTAKEN);
      expect(await valuesOf(here, 'key')).toStrictEqual([left]);
      expect(await valuesOf(there, 'key')).toStrictEqual([left]);
    },
  },
  {
    title: `a load without a value knows that its key was ${what} elsewhere`,
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key');
      await act(there);
      expect(await here.coherence.release([lease])).toStrictEqual([OVERTAKEN]);
    },
  },
]);

/** Leases: one load per key, whose value is stored only if nothing has happened to the key since. */
export const STORE_COHERENCE_LEASE_CASES: readonly Case[] = [
  ...overtaken,
  {
    title: 'an entry of another key that a load brings with its own is stored with it, or not at all',
    async run({ stores: [here, there] }, expect) {
      const both = async (act: () => unknown): Promise<LoadEnd[]> => {
        const lease = await begin(here, 'key', { tags: ['tag'], anew: true });
        await act();
        const [own, beside] = ['key', 'other'].map((key) => write(key, `of ${key}`, { tags: ['tag'] }));
        return endLoads(here, { lease, write: own as StoreWrite, beside });
      };
      expect(await both(() => there.delete(['key']))).toStrictEqual([OVERTAKEN]);
      expect(await valuesOf(there, 'key', 'other')).toStrictEqual([undefined, undefined]);
      expect(await both(() => undefined)).toStrictEqual([STORED]);
      expect(await valuesOf(there, 'key', 'other')).toStrictEqual(['of key', 'of other']);
      await both(() => there.coherence.invalidateTags(['tag']));
      expect(await valuesOf(there, 'key', 'other')).toStrictEqual([undefined, undefined]);
    },
  },
  {
    title: 'of many who ask for a key at once, one may load it',
    async run({ stores }, expect) {
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => claim(stores[index % 2] as CoherentStore, 'key')),
      );
      expect(claims.filter(({ state }) => state === 'held').length).toBe(1);
      expect(claims.filter(({ state }) => state === 'busy').length).toBe(19);
    },
  },
  {
    title: 'a key that is asked for twice in one call is given out once',
    async run({ stores: [here] }, expect) {
      const request = { key: 'key', tags: [], anew: false };
      const claims = await here.coherence.acquire([request, request]);
      expect(claims.map(({ state }) => state)).toStrictEqual(['held', 'busy']);
    },
  },
  {
    title: 'a loaded value is stored, and whoever asks then is given it',
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key');
      expect(await stateOf(there, 'key')).toBe('busy');
      expect(await fill(here, lease, { loaded: true })).toStrictEqual(STORED);
      const now = await claim(there, 'key');
      expect(now.state).toBe('fresh');
      expect(now.state === 'fresh' && now.entry.value).toStrictEqual({ loaded: true });
      expect(await valuesOf(there, 'key')).toStrictEqual([{ loaded: true }]);
    },
  },
  {
    title: 'many keys are claimed and filled at once, each for itself',
    async run({ stores: [here, there] }, expect) {
      const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
      await put(there, 'key 0', 'there');
      const requests = keys.map((key) => ({ key, tags: ['tag'], anew: false }));
      const claims = await here.coherence.acquire(requests);
      expect(claims[0]?.state).toBe('fresh');
      const leases = claims.flatMap((one): Lease[] => (one.state === 'held' ? [one.lease] : []));
      expect(leases.length).toBe(299);
      await there.delete(['key 7']);
      const fills = leases.map((lease) => ({ lease, write: write(lease.key, lease.key, { tags: ['tag'] }) }));
      const ends = await endLoads(here, ...fills);
      expect(ends.filter(({ stored }) => stored).length).toBe(298);
      expect(ends[6]).toStrictEqual(OVERTAKEN);
      expect(await valuesOf(there, 'key 0', 'key 7', 'key 299')).toStrictEqual([
        'there',
        undefined,
        'key 299',
      ]);
    },
  },
  {
    title: 'nothing asked for is nothing answered',
    async run({ stores: [here] }, expect) {
      const { coherence } = here;
      expect(await coherence.acquire([])).toStrictEqual([]);
      expect(await endLoads(here)).toStrictEqual([]);
      expect(await coherence.release([])).toStrictEqual([]);
      expect(await coherence.renew([])).toStrictEqual([]);
    },
  },
  {
    title: 'a lease that was given back is given to the next',
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key');
      expect(await here.coherence.release([lease])).toStrictEqual([CURRENT]);
      const next = await begin(there, 'key');
      expect(await fill(here, lease, 'given back')).toStrictEqual(OVERTAKEN);
      expect(await here.coherence.release([lease])).toStrictEqual([OVERTAKEN]);
      expect(await fill(there, next, 'loaded')).toStrictEqual(STORED);
    },
  },
  {
    title: 'a lease that was given back with a pause is given to nobody for as long',
    async run({ stores: [here, there], pass }, expect) {
      const lease = await begin(here, 'key');
      expect(await here.coherence.release([lease], 200)).toStrictEqual([CURRENT]);
      expect(await stateOf(there, 'key')).toBe('failed');
      await pass(220);
      expect(await stateOf(there, 'key')).toBe('held');
    },
  },
  {
    title: 'a pause ends when the key is written or removed',
    async run({ stores: [here, there] }, expect) {
      await here.coherence.release([await begin(here, 'key')], 60_000);
      await there.delete(['key']);
      await here.coherence.release([await begin(here, 'key')], 60_000);
      await put(there, 'key', 1);
      expect(await stateOf(here, 'key', { anew: true })).toBe('held');
    },
  },
  {
    title: 'a lease that nobody has ended can be renewed, any other cannot',
    async run({ stores: [here, there] }, expect) {
      const [held, removed, ended] = [
        await begin(here, 'held'),
        await begin(here, 'removed'),
        await begin(here, 'ended'),
      ] as [Lease, Lease, Lease];
      await there.delete(['removed']);
      await begin(there, 'removed');
      await fill(here, ended, 1);
      expect(await here.coherence.renew([held, removed, ended])).toStrictEqual([true, false, false]);
    },
  },
  {
    title: 'a load whose process is gone is taken over, and one that is renewed is not',
    needs: ['wait'],
    async run({ stores: [here, there], pass }, expect) {
      const [gone, slow] = [await begin(here, 'gone'), await begin(here, 'slow')];
      await pass(LEASE_TIME - 1);
      expect(await stateOf(there, 'gone')).toBe('busy');
      expect(await here.coherence.renew([slow])).toStrictEqual([true]);
      await pass(2);
      const lease = await begin(there, 'gone');
      expect(await stateOf(there, 'slow')).toBe('busy');
      expect(await fill(here, gone, 'older')).toStrictEqual(OVERTAKEN);
      expect(await fill(there, lease, 'newer')).toStrictEqual(STORED);
      expect(await fill(here, slow, 'slow')).toStrictEqual(STORED);
    },
  },
  {
    title: 'a load anew is given its lease beside a fresh value, which stays until it is replaced',
    async run({ stores: [here, there] }, expect) {
      await put(there, 'key', 'old');
      const one = await claim(here, 'key', { anew: true });
      expect(one.state === 'held' && one.entry?.value).toBe('old');
      const other = await claim(there, 'key', { anew: true });
      expect(other.state === 'busy' && other.entry?.value).toBe('old');
      expect(await stateOf(there, 'key')).toBe('fresh');
      expect(one.state === 'held' && (await fill(here, one.lease, 'new'))).toStrictEqual(STORED);
      expect(await valuesOf(there, 'key')).toStrictEqual(['new']);
    },
  },
  {
    title: 'a value that cannot be stored leaves all as it was, and the lease held',
    async run({ stores: [here] }, expect) {
      const [a, b] = [await begin(here, 'a'), await begin(here, 'b')];
      const fills = [
        { lease: a, write: write('a', 1) },
        { lease: b, write: write('b', () => 1) },
      ];
      expect((await failureNameOf(endLoads(here, ...fills))) === undefined).toBe(false);
      expect(await valuesOf(here, 'a', 'b')).toStrictEqual([undefined, undefined]);
      expect(await here.coherence.release([a, b])).toStrictEqual([CURRENT, CURRENT]);
    },
  },
  {
    title: 'a value that is not wanted any more is not stored, and gives its lease back',
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key');
      expect(await fill(here, lease, 1, { wanted: () => false })).toStrictEqual(OVERTAKEN);
      expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
      expect(await stateOf(there, 'key')).toBe('held');
    },
  },
  {
    title: 'the loads of namespaces are their own, and a clear of the whole ends them',
    async run({ stores: [here, there] }, expect) {
      const part = here.namespace('part');
      const [whole, inPart] = [await begin(here, 'key'), await begin(part, 'key')];
      await there.delete(['key']);
      await there.namespace('other').clear();
      expect(await fill(part, inPart, 1)).toStrictEqual(STORED);
      expect(await fill(here, whole, 1)).toStrictEqual(OVERTAKEN);
      const again = await begin(part, 'key', { anew: true });
      await there.clear();
      expect(await fill(part, again, 2)).toStrictEqual(OVERTAKEN);
      expect(await load(part, 'key', 3)).toStrictEqual(STORED);
    },
  },
  {
    title: 'whoever watches a key hears that it was filled, given back, removed or written',
    needs: ['watch'],
    async run({ stores: [here, there] }, expect) {
      const heard = async (act: () => Promise<unknown>): Promise<void> => {
        let unwatch: (() => void) | undefined;
        const woken = new Promise<void>((wake) => (unwatch = here.coherence.watch('key', wake)));
        if (unwatch === undefined) throw new Error('The store does not hear of changes.');
        await act();
        await woken;
        unwatch();
      };
      await heard(() => load(there, 'key', 1));
      const lease = await begin(there, 'key', { anew: true });
      await heard(() => there.coherence.release([lease]));
      const paused = await begin(there, 'key', { anew: true });
      await heard(() => there.coherence.release([paused], 10));
      await heard(() => there.delete(['key']));
      await heard(() => there.delete(['key']));
      await heard(() => put(there, 'key', 2));
      expect(await valuesOf(here, 'key')).toStrictEqual([2]);
    },
  },
];
