import type { StoreCapability, StoreSubject } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const write = (key: string, ttl: number | null) => ({ key, value: 'value', ttl });
const THIRTY_DAYS_AND_A_SECOND = 30 * 24 * 3_600_000 + 1_000;
const SHORT = 60;
/** Longer than `SHORT` by more than a clock's step. */
const LONGER = 80;

function isAbout(left: number | null | undefined, expected: number): boolean {
  return typeof left === 'number' && left <= expected && left > expected - 5_000;
}

/** Times to live: set, read, changed, passed. */
export const STORE_TTL_CASES: readonly BehaviourCase<StoreSubject, StoreCapability>[] = [
  {
    title: 'says how long an entry has left',
    async run({ store }, expect) {
      await store.write([write('seconds', 5_500), write('month', THIRTY_DAYS_AND_A_SECOND)], 'set');
      expect(isAbout(await store.ttl('seconds'), 5_500)).toBe(true);
      expect(isAbout(await store.ttl('month'), THIRTY_DAYS_AND_A_SECOND)).toBe(true);
    },
  },
  {
    title: 'tells no expiry and no entry apart',
    async run({ store }, expect) {
      await store.write([write('forever', null)], 'set');
      expect(await store.ttl('forever')).toBe(null);
      expect(await store.ttl('missing')).toBe(undefined);
    },
  },
  {
    title: 'an entry whose time has passed is gone in every respect',
    async run({ store, pass }, expect) {
      await store.write([write('key', SHORT)], 'set');
      await pass(LONGER);
      expect(await store.read(['key'])).toStrictEqual([undefined]);
      expect(await store.ttl('key')).toBe(undefined);
      expect(await store.touch('key', 60_000)).toBe(false);
      expect(await store.delete(['key'])).toBe(0);
    },
  },
  {
    title: 'what has expired can be added again',
    async run({ store, pass }, expect) {
      await store.write([write('key', SHORT)], 'set');
      await pass(LONGER);
      expect(await store.write([write('key', null)], 'add')).toStrictEqual([true]);
    },
  },
  {
    title: 'a later write replaces the time to live',
    async run({ store, pass }, expect) {
      await store.write([write('key', SHORT)], 'set');
      await store.write([write('key', null)], 'set');
      expect(await store.ttl('key')).toBe(null);
      await pass(LONGER);
      expect((await store.read(['key']))[0]?.value).toBe('value');
    },
  },
  {
    title: 'touch changes the time to live and nothing else',
    async run({ store }, expect) {
      await store.write([write('key', 60_000)], 'set');
      expect(await store.touch('key', 3_600_000)).toBe(true);
      expect(isAbout(await store.ttl('key'), 3_600_000)).toBe(true);
      expect((await store.read(['key']))[0]?.value).toBe('value');
    },
  },
  {
    title: 'touch takes the expiry away, also where there is none',
    needs: ['persist'],
    async run({ store }, expect) {
      await store.write([write('key', 60_000)], 'set');
      expect(await store.touch('key', null)).toBe(true);
      expect(await store.ttl('key')).toBe(null);
      expect(await store.touch('key', null)).toBe(true);
    },
  },
  {
    title: 'touch finds nothing where there is no entry',
    async run({ store }, expect) {
      expect(await store.touch('missing', 60_000)).toBe(false);
      expect(await store.touch('missing', null)).toBe(false);
      expect(await store.read(['missing'])).toStrictEqual([undefined]);
    },
  },
];
