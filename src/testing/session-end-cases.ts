import {
  called,
  end,
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

/** Nobody is logged in again by a request that has begun before he logged out. */
export const SESSION_END_CASES: readonly BehaviourCase<SessionStoreSubject, SessionStoreCapability>[] = [
  {
    title: 'a session that is ended while a request writes stays ended',
    needs: ['final'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ user: 'x' }));
      const writing = await existing(store, id);
      writing['seen'] = true;
      await end(others, id);
      await save(store, id, writing).catch(() => 'A store may say so.');
      expect(await openSession(store, id)).toBe(undefined);
      expect(await openSession(others, id)).toBe(undefined);
    },
  },
  {
    title: 'a session that is ended while a request reads stays ended, whether that stores or touches it',
    needs: ['final'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ user: 'x' }));
      const [storing, touching] = [await existing(store, id), await existing(store, id)];
      await end(others, id);
      for (const session of [storing, touching]) renewCookie(session, 120_000);
      await save(store, id, storing).catch(() => 'A store may say so.');
      if (store.touch !== undefined) await touch(store, id, touching);
      expect(await openSession(others, id)).toBe(undefined);
    },
  },
  {
    title: 'a session whose first request still stores it can be ended for good',
    needs: ['final'],
    async run({ store, others }, expect) {
      const id = freshId();
      const session = newSession({ user: 'x' });
      await end(others, id);
      await save(store, id, session).catch(() => 'A store may say so.');
      await save(store, id, newSession({ user: 'y' })).catch(() => 'As above.');
      expect(await openSession(others, id)).toBe(undefined);
    },
  },
  {
    title: 'a session whose time has passed while a request wrote is not brought back',
    needs: ['final', 'milliseconds'],
    async run({ store, pass }, expect) {
      const id = freshId();
      const session = newSession({ user: 'x' }, 100);
      await save(store, id, session);
      await pass(150);
      session['seen'] = true;
      renewCookie(session);
      await save(store, id, session).catch(() => 'A store may say so.');
      expect(await openSession(store, id)).toBe(undefined);
    },
  },
  {
    title: 'clear ends the sessions of requests that still write',
    needs: ['final', 'clear'],
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ user: 'x' }));
      const writing = await existing(store, id);
      writing['seen'] = true;
      await called((callback) => others.clear?.(callback));
      await save(store, id, writing).catch(() => 'A store may say so.');
      expect(await openSession(others, id)).toBe(undefined);
    },
  },
  {
    title: 'a new session under a new id lives, whatever became of the one before',
    async run({ store, others }, expect) {
      const [before, after] = [freshId(), freshId()];
      await save(store, before, newSession({ user: 'x' }));
      await existing(store, before);
      await end(store, before);
      await save(store, after, newSession({ user: 'x' }));
      expect(await openSession(others, before)).toBe(undefined);
      expect(await fieldsIn(others, after)).toStrictEqual({ user: 'x' });
    },
  },
];
