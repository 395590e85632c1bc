import { failureNameOf } from './failure-of.js';
import {
  begin,
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
import type { BehaviourCase } from './test-runner.js';

const LONG = 60_000;
const KEY = { keys: ['key'], tags: [] };
const TAG = { keys: [], tags: ['tag'] };

/** Barriers: what surrounds a change of the source, so that nothing older than it is stored meanwhile. */
export const STORE_COHERENCE_BARRIER_CASES: readonly BehaviourCase<CoherenceSubject, CoherenceCapability>[] =
  [
    {
      title: 'a barrier removes its keys and invalidates its tags',
      async run({ stores: [here, there] }, expect) {
        await put(here, 'key', 1, { grace: LONG });
        await put(here, 'tagged', 1, { tags: ['tag'], grace: LONG });
        await put(here, 'other', 1, { tags: ['other'] });
        await there.coherence.bar({ keys: ['key', 'key'], tags: ['tag', 'tag'] }, LONG);
        expect(await valuesOf(here, 'key', 'tagged', 'other')).toStrictEqual([undefined, undefined, 1]);
      },
    },
    {
      title: 'nothing is loaded, set, added or counted into the store while a barrier stands',
      async run({ stores: [here, there] }, expect) {
        const barrier = await there.coherence.bar(KEY, LONG);
        expect(await stateOf(here, 'key')).toBe('barred');
        expect(await put(here, 'key', 1)).toBe(false);
        expect(await here.write([write('key', 1)], 'add')).toStrictEqual([false]);
        // Whether this is refused or counted for nothing is the store's choice.
        await failureNameOf(here.increment('key', 1, { initial: 0, ttl: null }));
        expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
        expect(await put(here, 'other', 1)).toBe(true);
        await barrier.lift();
        expect(await put(here, 'key', 1)).toBe(true);
      },
    },
    {
      title: 'nothing that carries a barred tag is loaded or set into the store',
      async run({ stores: [here, there] }, expect) {
        const barrier = await there.coherence.bar(TAG, LONG);
        expect(await stateOf(here, 'key', { tags: ['free', 'tag'] })).toBe('barred');
        expect(await put(here, 'key', 1, { tags: ['tag'] })).toBe(false);
        const lease = await begin(here, 'key', { tags: ['free'] });
        expect(await fill(here, lease, 1, { tags: ['free', 'tag'] })).toStrictEqual(OVERTAKEN);
        expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
        await barrier.lift();
        expect(await load(here, 'key', 1, { tags: ['tag'] })).toStrictEqual(STORED);
      },
    },
    {
      title: 'what was loaded before a barrier, or under it, is not stored after it',
      async run({ stores: [here, there] }, expect) {
        const before = await begin(here, 'key');
        const tagged = await begin(here, 'tagged', { tags: ['tag'] });
        const named = await begin(here, 'named');
        const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, LONG);
        const under = await begin(here, 'under');
        await barrier.lift();
        expect(await fill(here, before, 1)).toStrictEqual(OVERTAKEN);
        expect(await fill(here, tagged, 1, { tags: ['tag'] })).toStrictEqual(OVERTAKEN);
        expect(await fill(here, named, 1, { tags: ['tag'] })).toStrictEqual(OVERTAKEN);
        expect(await fill(here, under, 1, { tags: ['tag'] })).toStrictEqual(OVERTAKEN);
      },
    },
    {
      title: 'of two barriers around a key, the other stands when one is lifted',
      async run({ stores: [here, there] }, expect) {
        const [first, second] = await Promise.all([
          here.coherence.bar({ keys: ['key', 'own'], tags: ['tag'] }, LONG),
          there.coherence.bar({ keys: ['key'], tags: ['tag'] }, LONG),
        ]);
        await first.lift();
        const states = async (): Promise<string[]> => [
          await stateOf(here, 'key'),
          await stateOf(here, 'tagged', { tags: ['tag'] }),
          await stateOf(here, 'own'),
        ];
        expect(await states()).toStrictEqual(['barred', 'barred', 'held']);
        expect(await put(here, 'key', 1)).toBe(false);
        await here.delete(['own']);
        await second.lift();
        expect(await states()).toStrictEqual(['held', 'held', 'held']);
      },
    },
    {
      title: 'an invalidation under a barrier leaves it standing',
      async run({ stores: [here, there] }, expect) {
        const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, LONG);
        await here.coherence.invalidateTags(['tag']);
        await here.delete(['key']);
        expect(await stateOf(here, 'key')).toBe('barred');
        expect(await stateOf(here, 'tagged', { tags: ['tag'] })).toBe('barred');
        await barrier.lift();
        expect(await load(here, 'tagged', 1, { tags: ['tag'] })).toStrictEqual(STORED);
      },
    },
    {
      title: 'a barrier ends by itself when its process is gone, and what was loaded under it is not stored',
      async run({ stores: [here, there], pass }, expect) {
        const before = await begin(here, 'before', { tags: ['a'] });
        await there.coherence.bar({ keys: ['key'], tags: ['a', 'b'] }, 200);
        const [first, second] = [await begin(here, 'first'), await begin(here, 'second')];
        await pass(220);
        expect(await fill(here, before, 1, { tags: ['a'] })).toStrictEqual(OVERTAKEN);
        expect(await fill(here, first, 1, { tags: ['a'] })).toStrictEqual(OVERTAKEN);
        await put(there, 'used again', 1, { tags: ['b'] });
        expect(await fill(here, second, 1, { tags: ['b'] })).toStrictEqual(OVERTAKEN);
        expect(await load(here, 'key', 1)).toStrictEqual(STORED);
        expect(await load(here, 'tagged', 1, { tags: ['a', 'b'] })).toStrictEqual(STORED);
      },
    },
    {
      title: 'a barrier that is renewed stands for its whole time again',
      async run({ stores: [here, there], pass }, expect) {
        const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, 1_000);
        await pass(500);
        await barrier.renew();
        await pass(600);
        expect(await stateOf(here, 'key')).toBe('barred');
        expect(await stateOf(here, 'tagged', { tags: ['tag'] })).toBe('barred');
      },
      needs: ['wait'],
    },
    {
      title: 'a barrier whose time has passed invalidates once more when it is renewed or lifted',
      async run({ stores: [here, there], pass }, expect) {
        const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, 100);
        const late = async (): Promise<void> => {
          await pass(120);
          await load(here, 'key', 1);
          await load(here, 'tagged', 1, { tags: ['tag'] });
        };
        await late();
        await barrier.renew();
        expect(await valuesOf(here, 'key', 'tagged')).toStrictEqual([undefined, undefined]);
        await late();
        await barrier.lift();
        expect(await valuesOf(here, 'key', 'tagged')).toStrictEqual([undefined, undefined]);
      },
    },
    {
      title: 'a barrier belongs to the keys of its namespace, and to the tags of all',
      async run({ stores: [here, there] }, expect) {
        const part = here.namespace('part');
        await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, LONG);
        expect(await stateOf(part, 'key')).toBe('held');
        expect(await stateOf(part, 'tagged', { tags: ['tag'] })).toBe('barred');
        await there.namespace('part').coherence.bar({ keys: ['other'], tags: [] }, LONG);
        expect(await stateOf(part, 'other')).toBe('barred');
        expect(await stateOf(here, 'other')).toBe('held');
      },
    },
    {
      title: 'a barrier around nothing is lifted all the same',
      async run({ stores: [here] }, expect) {
        const barrier = await here.coherence.bar({ keys: [], tags: [] }, LONG);
        await barrier.renew();
        await barrier.lift();
        expect(await put(here, 'key', 1)).toBe(true);
      },
    },
  ];
