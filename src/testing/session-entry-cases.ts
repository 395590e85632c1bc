import {
  called,
  end,
  existing,
  fieldsIn,
  freshId,
  newSession,
  openSession,
  save,
  type SessionStoreCapability,
  type SessionStoreSubject,
} from './session-store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const FIELDS = {
  name: 'Žlutý kůň 🐴',
  count: 0,
  empty: '',
  none: null,
  yes: true,
  list: [1, [2], { three: 3 }],
  deep: { a: { b: { c: [] } } },
  'with spaces: and "quotes"': '{}',
};

/** Sessions: read, stored, changed, ended, counted. */
export const SESSION_ENTRY_CASES: readonly BehaviourCase<SessionStoreSubject, SessionStoreCapability>[] = [
  {
    title: 'an id that nobody has stored has no session',
    async run({ store }, expect) {
      expect(await openSession(store, freshId())).toBe(undefined);
    },
  },
  {
    title: 'gives back what was stored, to other processes too',
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession(FIELDS));
      expect(await fieldsIn(store, id)).toStrictEqual(FIELDS);
      expect(await fieldsIn(others, id)).toStrictEqual(FIELDS);
    },
  },
  {
    title: 'fields are added, changed and removed',
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ stays: 1, changes: 1, goes: 1 }));
      const session = await existing(store, id);
      session['changes'] = { to: 2 };
      session['comes'] = [];
      delete session['goes'];
      await save(store, id, session);
      expect(await fieldsIn(others, id)).toStrictEqual({ stays: 1, changes: { to: 2 }, comes: [] });
    },
  },
  {
    title: 'a session that is stored several times by one request is as it was stored last',
    async run({ store, others }, expect) {
      const id = freshId();
      const session = newSession({ steps: 0 });
      for (let step = 1; step <= 3; step++) {
        session['steps'] = step;
        session[`step${step}`] = true;
        await save(store, id, session);
      }
      delete session['step1'];
      await save(store, id, session);
      expect(await fieldsIn(others, id)).toStrictEqual({ steps: 3, step2: true, step3: true });
    },
  },
  {
    title: 'saves that do not wait for each other take effect in their order, each as the session was then',
    async run({ store }, expect) {
      const id = freshId();
      const session = newSession({ steps: 0 });
      const saves = [save(store, id, session)];
      for (let step = 1; step <= 5; step++) {
        session['steps'] = step;
        saves.push(save(store, id, session));
      }
      session['steps'] = 'after all saves were called';
      await Promise.all(saves);
      expect(await fieldsIn(store, id)).toStrictEqual({ steps: 5 });
    },
  },
  {
    title: 'a change that is taken back before its save has ended is taken back',
    async run({ store }, expect) {
      const id = freshId();
      await save(store, id, newSession({ steps: 0 }));
      const session = await existing(store, id);
      session['steps'] = 1;
      const first = save(store, id, session);
      session['steps'] = 0;
      await Promise.all([first, save(store, id, session)]);
      expect(await fieldsIn(store, id)).toStrictEqual({ steps: 0 });
    },
  },
  {
    title: 'a session that is changed without being stored is not changed for others',
    async run({ store }, expect) {
      const id = freshId();
      const session = newSession({ list: [1] });
      await save(store, id, session);
      session['list'] = [1, 2];
      const read = await existing(store, id);
      (read['list'] as number[]).push(3);
      expect(await fieldsIn(store, id)).toStrictEqual({ list: [1] });
    },
  },
  {
    title: 'sessions are kept apart, whatever their ids look like',
    async run({ store }, expect) {
      const base = freshId();
      const all = [
        base,
        `${base}*`,
        `${base}:a`,
        `${base}A`,
        `${base}a`,
        `${base}\n`,
        `${base}ključ`,
        `*${base}`,
      ];
      for (const id of all) await save(store, id, newSession({ id }));
      for (const id of all) {
        const session = await existing(store, id);
        // `id` is a property of the session object itself on some platforms.
        expect(session['id']).toBe(id);
      }
      await end(store, all[1] ?? '');
      expect(await openSession(store, all[1] ?? '')).toBe(undefined);
      expect((await existing(store, base))['id']).toBe(base);
    },
  },
  {
    title: 'names that all objects share are no fields',
    async run({ store }, expect) {
      const id = freshId();
      const hostile = JSON.parse('{"__proto__":{"admin":true},"name":"x"}') as object;
      await save(store, id, newSession(hostile));
      const session = await existing(store, id);
      expect(session['admin']).toBe(undefined);
      expect(Reflect.get({}, 'admin')).toBe(undefined);
      expect(session['name']).toBe('x');
    },
  },
  {
    title: 'a session that was ended is gone, and to end one that is not there does nothing',
    async run({ store, others }, expect) {
      const id = freshId();
      await save(store, id, newSession({ name: 'x' }));
      await end(store, id);
      expect(await openSession(store, id)).toBe(undefined);
      expect(await openSession(others, id)).toBe(undefined);
      await end(store, id);
      await end(store, freshId());
    },
  },
  {
    title: 'counts the sessions that live',
    needs: ['length'],
    async run({ store }, expect) {
      const length = (): Promise<unknown> => called((callback) => store.length?.(callback));
      expect(await length()).toBe(0);
      const ids = [freshId(), freshId(), freshId()];
      for (const id of ids) await save(store, id, newSession({ id }));
      await end(store, ids[0] ?? '');
      expect(await length()).toBe(2);
    },
  },
  {
    title: 'gives all sessions that live',
    needs: ['all'],
    async run({ store }, expect) {
      const ids = Array.from({ length: 120 }, freshId);
      await Promise.all(ids.map((id, index) => save(store, id, newSession({ index }))));
      await end(store, ids[119] ?? '');
      const all = (await called((callback) => store.all?.(callback))) as object;
      const found = Object.values(all).map((one: { index: number }) => one.index);
      expect(found.toSorted((one, other) => one - other)).toStrictEqual([...Array(119).keys()]);
    },
  },
  {
    title: 'clear ends all sessions',
    needs: ['clear'],
    async run({ store, others }, expect) {
      const ids = [freshId(), freshId()];
      for (const id of ids) await save(store, id, newSession({ id }));
      await called((callback) => store.clear?.(callback));
      for (const id of ids) expect(await openSession(others, id)).toBe(undefined);
      const later = freshId();
      await save(store, later, newSession({ a: 1 }));
      expect(await fieldsIn(others, later)).toStrictEqual({ a: 1 });
    },
  },
];
