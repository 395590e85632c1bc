import {
  existing,
  fieldsIn,
  freshId,
  newSession,
  save,
  touch,
  type SessionStoreCapability,
  type SessionStoreSubject,
} from './session-store-subject.js';
import type { BehaviourCase } from './test-runner.js';

type SessionCase = BehaviourCase<SessionStoreSubject, SessionStoreCapability>;

/** So many requests of one session, in both processes, each of which has read it before any other one stores it. */
function parallelWriters(count: number): SessionCase {
  return {
    title: `${count} requests at the same time that set different fields lose none of them`,
    needs: ['merge'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ before: true }));
      const requests = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const through = index % 2 === 0 ? store : others;
          return { index, through, session: await existing(through, id) };
        }),
      );
      await Promise.all(
        requests.map(async ({ index, through, session }) => {
          session[`field${index}`] = { index };
          await save(through, id, session);
        }),
      );
      const fields = Object.entries((await fieldsIn(others, id)) ?? {});
      const missing = requests.filter(({ index }) => !fields.some(([name]) => name === `field${index}`));
      expect(missing.map(({ index }) => index)).toStrictEqual([]);
      expect(fields.length).toBe(count + 1);
    },
  };
}

/** What becomes of one session when several requests store it. */
export const SESSION_RACE_CASES: readonly SessionCase[] = [
  parallelWriters(2),
  parallelWriters(8),
  parallelWriters(64),
  {
    title: 'a field that one request removes stays removed when another one sets another field',
    needs: ['merge'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ goes: 1, stays: 1 }));
      const [removing, setting] = [await existing(store, id), await existing(others, id)];
      delete removing['goes'];
      setting['comes'] = 1;
      await save(store, id, removing);
      await save(others, id, setting);
      expect(await fieldsIn(store, id)).toStrictEqual({ stays: 1, comes: 1 });
    },
  },
  {
    title: 'of two requests that set the same field the last one wins, and their other fields stay',
    needs: ['merge'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ same: 0 }));
      const [first, second] = [await existing(store, id), await existing(others, id)];
      Object.assign(first, { same: 1, first: true });
      Object.assign(second, { same: 2, second: true });
      await save(store, id, first);
      await save(others, id, second);
      expect(await fieldsIn(store, id)).toStrictEqual({ same: 2, first: true, second: true });
    },
  },
  {
    title: 'a request that has changed nothing undoes nothing, whether it stores or touches the session',
    needs: ['merge', 'touch'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }));
      const [storing, touching, changing] = [
        await existing(store, id),
        await existing(store, id),
        await existing(others, id),
      ];
      changing['a'] = 2;
      await save(others, id, changing);
      await save(store, id, storing);
      await touch(store, id, touching);
      expect(await fieldsIn(store, id)).toStrictEqual({ a: 2 });
    },
  },
  {
    title: 'what another request stores between two saves of one request stays',
    needs: ['merge'],
    async run({ store, others }, expect) {
      const id = freshId();
      const session = newSession({ step: 0 });
      await save(store, id, session);
      for (let step = 1; step <= 3; step++) {
        const other = await existing(others, id);
        other[`other${step}`] = step;
        await save(others, id, other);
        session['step'] = step;
        await save(store, id, session);
      }
      expect(await fieldsIn(others, id)).toStrictEqual({ step: 3, other1: 1, other2: 2, other3: 3 });
    },
  },
];
