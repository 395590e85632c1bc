import {
  begin,
  claim,
  fill,
  load,
  OVERTAKEN,
  put,
  stateOf,
  STORED,
  valuesOf,
  type CoherenceCapability,
  type CoherenceSubject,
} from './store-coherence-subject.js';
import type { BehaviourCase } from './test-runner.js';

const SHORT = 60;
/** Longer than `SHORT` by more than a clock's step. */
const LONGER = 80;

/** Stale entries: past their time, valid, and kept for their grace. */
export const STORE_COHERENCE_STALE_CASES: readonly BehaviourCase<CoherenceSubject, CoherenceCapability>[] = [
  {
    title: 'an entry past its time is stale for its grace, for whoever loads it and for nobody else',
    async run({ stores: [here, there], pass }, expect) {
      await put(here, 'key', 'old', { ttl: SHORT, grace: 60_000 });
      await pass(LONGER);
      expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
      expect([await there.touch('key', 1_000), await there.ttl('key')]).toStrictEqual([false, undefined]);
      const one = await claim(here, 'key');
      expect(one.state === 'held' && one.entry?.value).toBe('old');
      expect(one.state === 'held' && (one.entry?.staleFor ?? 0) > 0).toBe(true);
      const other = await claim(there, 'key');
      expect(other.state === 'busy' && !other.failed && other.entry?.value).toBe('old');
    },
  },
  {
    title: 'an entry without a grace is gone when its time has passed',
    async run({ stores: [here, there], pass }, expect) {
      await load(here, 'key', 'old', { ttl: SHORT });
      await pass(LONGER);
      const one = await claim(there, 'key');
      expect(one.state === 'held' && one.entry === undefined).toBe(true);
    },
  },
  {
    title: 'expire makes a fresh entry stale, which a load replaces',
    async run({ stores: [here, there] }, expect) {
      await load(here, 'key', 'old', { grace: 60_000 });
      expect(await there.coherence.expire('key')).toBe(true);
      expect(await there.coherence.expire('key')).toBe(false);
      expect(await valuesOf(here, 'key')).toStrictEqual([undefined]);
      const one = await claim(here, 'key');
      expect(one.state === 'held' && one.entry?.value).toBe('old');
      expect(one.state === 'held' && (await fill(here, one.lease, 'new'))).toStrictEqual(STORED);
      expect(await valuesOf(there, 'key')).toStrictEqual(['new']);
    },
  },
  {
    title: 'expire finds nothing where there is no entry',
    async run({ stores: [here] }, expect) {
      expect(await here.coherence.expire('missing')).toBe(false);
    },
  },
  {
    title: 'a load that began before expire does not make the entry fresh again',
    async run({ stores: [here, there] }, expect) {
      await put(here, 'key', 'old', { grace: 60_000 });
      const anew = await begin(here, 'key', { anew: true });
      await there.coherence.expire('key');
      expect(await fill(here, anew, 'older')).toStrictEqual(OVERTAKEN);
      const stale = await begin(here, 'key');
      await there.coherence.expire('key');
      expect(await fill(here, stale, 'older')).toStrictEqual(OVERTAKEN);
      expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
    },
  },
  {
    title: 'what was invalidated is never served as stale',
    async run({ stores: [here, there] }, expect) {
      const tags = ['tag'];
      await put(here, 'tagged', 1, { grace: 60_000, tags });
      await put(here, 'removed', 1, { grace: 60_000 });
      await put(here, 'cleared', 1, { grace: 60_000 });
      await there.coherence.invalidateTags(tags);
      await there.delete(['removed']);
      const found = [await claim(here, 'tagged'), await claim(here, 'removed')];
      await there.clear();
      found.push(await claim(here, 'cleared'));
      expect(found.map((one) => one.state === 'held' && one.entry === undefined)).toStrictEqual([
        true,
        true,
        true,
      ]);
    },
  },
  {
    title: 'a stale value stays while nobody is to try again',
    async run({ stores: [here, there] }, expect) {
      await put(here, 'key', 'old', { grace: 60_000 });
      await here.coherence.expire('key');
      await here.coherence.release([await begin(here, 'key')], 60_000);
      const one = await claim(there, 'key');
      expect(one.state === 'busy' && one.failed && one.entry?.value).toBe('old');
      expect(await stateOf(there, 'key', { anew: true })).toBe('failed');
    },
  },
];
