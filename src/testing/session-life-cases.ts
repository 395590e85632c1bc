import {
  endIn,
  existing,
  fieldsIn,
  freshId,
  newSession,
  openSession,
  renewCookie,
  save,
  touch,
  type SessionStoreCapability,
  type SessionStoreSubject,
} from './session-store-subject.js';
import type { BehaviourCase } from './test-runner.js';

/** More than a tenth of it is worth a touch, and much less than it is gone before a busy machine has looked. */
const LIFE = 5_000;
const WHILE = 600;
const HOUR = 3_600_000;

/** How long sessions live. */
export const SESSION_LIFE_CASES: readonly BehaviourCase<SessionStoreSubject, SessionStoreCapability>[] = [
  {
    title: 'a session ends when its time has passed, to the millisecond',
    needs: ['milliseconds'],
    async run({ store, others, pass }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }, 120));
      await pass(180);
      expect(await openSession(store, id)).toBe(undefined);
      expect(await openSession(others, id)).toBe(undefined);
    },
  },
  {
    title: 'a session whose cookie has no time left is not there',
    async run({ store }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }));
      const session = await existing(store, id);
      renewCookie(session, -1);
      await save(store, id, session);
      expect(await openSession(store, id)).toBe(undefined);
    },
  },
  {
    title: 'a session that is read says how long it lives, and when it ends',
    needs: ['expires'],
    async run({ store, others }, expect) {
      const id = freshId();
      const session = newSession({ a: 1 }, HOUR);
      await save(store, id, session);
      expect((await existing(others, id)).cookie.originalMaxAge).toBe(HOUR);
      const { expires } = session.cookie;
      if (expires === null) throw new Error('The session ends.');
      expect(Math.abs((await endIn(others, id)) - new Date(expires).getTime()) < LIFE).toBe(true);
    },
  },
  {
    title: 'a session until the browser ends says no end',
    needs: ['expires'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }, null));
      const session = await existing(others, id);
      session['b'] = 2;
      await save(others, id, session);
      const { cookie } = await existing(store, id);
      expect([cookie.originalMaxAge, cookie.expires ?? null]).toStrictEqual([null, null]);
    },
  },
  {
    title: 'a request that gives the cookie another age changes the session of its own',
    needs: ['expires'],
    async run({ store, others }, expect) {
      const [remembered, other] = [freshId(), freshId()];
      for (const id of [remembered, other]) await save(store, id, newSession({ a: 1 }, 60_000));
      const session = await existing(store, remembered);
      renewCookie(session, HOUR);
      await save(store, remembered, session);
      expect((await existing(others, remembered)).cookie.originalMaxAge).toBe(HOUR);
      expect((await existing(others, other)).cookie.originalMaxAge).toBe(60_000);
      expect((await endIn(others, remembered)) - (await endIn(others, other)) > HOUR / 2).toBe(true);
    },
  },
  {
    title: 'touch lengthens the life of a session, and says so to who reads it then',
    needs: ['touch', 'expires'],
    async run({ store, others, pass }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }, LIFE));
      const before = await endIn(others, id);
      await pass(WHILE);
      const session = await existing(store, id);
      renewCookie(session);
      await touch(store, id, session);
      expect((await endIn(others, id)) - before > WHILE / 2).toBe(true);
    },
  },
  {
    title:
      'a session that was touched and is stored before its request ends keeps the life that it was given',
    needs: ['touch', 'expires'],
    async run({ store, others, pass }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }, LIFE));
      const before = await endIn(others, id);
      await pass(WHILE);
      const first = await existing(store, id);
      renewCookie(first);
      await touch(store, id, first);
      const second = await existing(others, id);
      second['b'] = 2;
      // As `session.save()` before a redirect: the cookie is as it was read.
      await save(others, id, second);
      expect((await endIn(store, id)) - before > WHILE / 2).toBe(true);
    },
  },
  {
    title: 'touch stores no field',
    needs: ['touch'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ a: 1 }));
      const session = await existing(store, id);
      session['b'] = 2;
      renewCookie(session, HOUR);
      await touch(store, id, session);
      expect(await fieldsIn(others, id)).toStrictEqual({ a: 1 });
    },
  },
];
