import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RedisSessionStore } from '../../../src/session/redis-session-store.js';
import { handleOf } from '../../../src/session/record/session-ids.js';
import { sessionStoreConformance } from '../../../src/testing/index.js';
import { freshId, newSession } from '../../../src/testing/session-store-subject.js';
import { eventually } from '../../support/eventually.js';
import { SessionStores } from './session-stores.js';

const redis = new SessionStores();
const runner = { describe, it, expect };

sessionStoreConformance(runner, { name: 'RedisSessionStore', open: () => redis.subject() });
sessionStoreConformance(runner, {
  name: 'RedisSessionStore, sealed',
  open: () => redis.subject({ encryption: { keys: [{ id: 'k1', key: randomBytes(32) }] } }),
});

/** The commands that a client sends while something runs. */
async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = await redis.server.cli('INFO', 'commandstats');
  await work();
  const after = await redis.server.cli('INFO', 'commandstats');
  const counts = (text: unknown): Map<string, number> =>
    new Map(
      [...String(text).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, calls]) => [
        name ?? '',
        Number(calls),
      ]),
    );
  const [old, now] = [counts(before), counts(after)];
  return [...now]
    .filter(([name, calls]) => name !== 'info' && name !== 'ping' && calls > (old.get(name) ?? 0))
    .map(([name]) => name);
}

describe('callbacks and promises', () => {
  it('every method takes a callback, or gives a promise', async () => {
    const store = redis.store();
    const id = freshId();
    await store.set(id, newSession({ a: 1 }));
    expect(await store.get(id)).toMatchObject({ a: 1 });
    await store.touch(id, newSession({}));
    expect(await store.length()).toBe(1);
    expect(await store.ids()).toEqual([handleOf(id)]);
    expect(await store.all()).toMatchObject([{ a: 1 }]);
    await store.destroy(id);
    expect(await store.get(id)).toBe(undefined);
    await store.clear();
    const answers: unknown[][] = [];
    const tell = (...answer: unknown[]): unknown => answers.push(answer);
    store.get(id, tell);
    store.length(tell);
    store.clear(tell);
    expect(answers).toEqual([]);
    await eventually(() => expect(answers.length).toBe(3));
    expect(answers).toContainEqual([null, 0]);
    expect(answers.filter(([error]) => error !== null)).toEqual([]);
  });

  it('a callback is told what a promise would be rejected with', async () => {
    const store = redis.store();
    const circle: Record<string, unknown> = newSession({});
    circle['self'] = circle;
    const failure = await store.set(freshId(), circle).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SERIALIZATION_FAILED' });
    const told = await new Promise((resolve) => store.set(freshId(), circle, resolve));
    expect(told).toMatchObject({ code: 'SERIALIZATION_FAILED' });
  });

  it('a callback that throws is called once, and is no error of the store', async () => {
    const store = redis.store();
    const thrown = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
    let calls = 0;
    store.get(freshId(), () => {
      calls += 1;
      throw new Error('of the application');
    });
    expect(await thrown).toMatchObject({ message: 'of the application' });
    process.setUncaughtExceptionCaptureCallback(null);
    expect(calls).toBe(1);
  });
});

describe('what is read', () => {
  it('shows nothing but the session', async () => {
    const store = redis.store();
    const id = freshId();
    await store.set(id, newSession({ a: 1, b: { c: [2] } }, 60_000));
    const session = await store.get(id);
    expect(Reflect.ownKeys(session ?? {}).toSorted()).toEqual(['a', 'b', 'cookie']);
    expect(JSON.parse(JSON.stringify(session))).toEqual({
      a: 1,
      b: { c: [2] },
      cookie: { originalMaxAge: 60_000, expires: expect.any(String) as unknown },
    });
    expect(structuredClone({ ...session })).toEqual(session);
  });

  it('a field that is named like what carries the state is a field like others', async () => {
    const [here, there] = redis.pair();
    const id = freshId();
    await here.set(id, newSession({ toJSON: 'x', a: 1 }));
    const session = await there.get(id);
    expect(session).toMatchObject({ toJSON: 'x', a: 1 });
    await there.set(id, Object.assign(session ?? {}, { a: 2 }));
    expect(await here.get(id)).toMatchObject({ toJSON: 'x', a: 2 });
  });

  it('a copy of it replaces the fields of a session that lives, and revives none', async () => {
    const store = redis.store();
    const id = freshId();
    await store.set(id, newSession({ a: 1, b: 1 }));
    await store.set(id, { ...(await store.get(id)), b: undefined, c: 1 });
    const { cookie: _, ...fields } = (await store.get(id)) ?? {};
    expect(fields).toEqual({ a: 1, c: 1 });
    const copy = { ...(await store.get(id)) };
    await store.destroy(id);
    await store.set(id, copy);
    expect(await store.get(id)).toBe(undefined);
  });

  it('an object that was read as one session is not its state when it is stored as another one', async () => {
    const store = redis.store();
    const [one, other] = [freshId(), freshId()];
    await store.set(one, newSession({ a: 1 }));
    await store.set(other, (await store.get(one)) ?? {});
    expect(await store.get(other)).toMatchObject({ a: 1 });
    await store.destroy(one);
    expect(await store.get(other)).toMatchObject({ a: 1 });
  });
});

describe('ids', () => {
  it('those that are too short to be secret are no sessions', async () => {
    const store = redis.store();
    expect(await store.get('short')).toBe(undefined);
    await store.touch('short', newSession({}));
    await store.destroy('short');
    const failure = await store.set('short', newSession({ a: 1 })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'INVALID_OPTIONS', path: 'id' });
    expect(await store.length()).toBe(0);
  });

  it('are not stored: Redis knows their hashes', async () => {
    const store = redis.store();
    const id = freshId();
    await store.set(id, newSession({ a: 1 }));
    const keys = (await redis.server.cli('KEYS', '*')) as string[];
    expect(keys.filter((key) => key.includes(id))).toEqual([]);
    expect(keys.some((key) => key.endsWith(handleOf(id)))).toBe(true);
    const [one] = await store.all();
    expect(one?.['id']).toBe(handleOf(id));
    expect(Object.keys(one ?? {})).not.toContain('id');
  });

  it('an object that createSession was given without having read it is stored under no id', async () => {
    const store = redis.store();
    const id = freshId();
    const session = store.createSession({ sessionID: id }, newSession({ user: 'x' })) as object;
    await store.set(id, session);
    expect(await store.get(id)).toBe(undefined);
  });
});

describe('round trips', () => {
  it('a session that nobody has changed and that lives long enough takes none', async () => {
    const store = redis.store();
    const id = freshId();
    await store.set(id, newSession({ a: 1 }));
    const session = (await store.get(id)) ?? {};
    const commands = await commandsOf(async () => {
      for (let count = 0; count < 20; count++) {
        await store.touch(id, session);
        await store.set(id, session);
      }
    });
    expect(commands).toEqual([]);
  });

  it('to count reads no session', async () => {
    const store = redis.store();
    for (let count = 0; count < 30; count++) await store.set(freshId(), newSession({ count }));
    const commands = await commandsOf(async () => expect(await store.length()).toBe(30));
    expect(commands).toEqual(['zcount']);
  });

  it('to list sessions walks no keys', async () => {
    const store = redis.store();
    for (let count = 0; count < 30; count++) await store.set(freshId(), newSession({ count }));
    const commands = await commandsOf(async () => {
      await store.ids();
      await store.all();
    });
    for (const walk of ['keys', 'scan']) expect(commands).not.toContain(walk);
  });
});

describe('events', () => {
  it('tell what becomes of sessions, by handles', async () => {
    const store = redis.store();
    const id = freshId();
    const events: unknown[] = [];
    for (const name of ['created', 'destroyed', 'dropped']) store.on(name, (event) => events.push(event));
    await store.set(id, newSession({ a: 1 }));
    const session = (await store.get(id)) ?? { a: 0 };
    await store.destroy(id);
    await store.set(id, Object.assign(session, { a: 2 }));
    const handle = handleOf(id);
    expect(events).toEqual([
      { type: 'created', handle },
      { type: 'destroyed', handle, reason: 'logout' },
      { type: 'dropped', handle, reason: 'gone' },
    ]);
  });

  it('what a listener throws is a warning, and no error of whoever stores', async () => {
    const store = redis.store();
    const warning = new Promise((resolve) => process.once('warning', resolve));
    store.on('created', () => {
      throw new Error('of a listener');
    });
    await store.set(freshId(), newSession({}));
    expect(await warning).toMatchObject({ message: 'of a listener' });
  });

  it('with onGone: error, whoever stores a session that was ended is told', async () => {
    const store = redis.store({ onGone: 'error' });
    const id = freshId();
    await store.set(id, newSession({ a: 1 }));
    const session = (await store.get(id)) ?? {};
    await store.destroy(id);
    await store.touch(id, session);
    const failure = await store.set(id, Object.assign(session, { a: 2 })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SESSION_GONE' });
    const again = await store.set(id, newSession({ a: 3 })).catch((error: unknown) => error);
    expect(again).toMatchObject({ code: 'SESSION_GONE' });
  });
});

describe('views', () => {
  it('are other objects for the same sessions', async () => {
    const store = redis.store();
    const view = store.view();
    expect(view).toBeInstanceOf(RedisSessionStore);
    const id = freshId();
    await store.set(id, newSession({ a: 1 }));
    const session = (await view.get(id)) ?? {};
    await store.set(id, Object.assign((await store.get(id)) ?? {}, { b: 1 }));
    await view.set(id, Object.assign(session, { c: 1 }));
    expect(await store.get(id)).toMatchObject({ a: 1, b: 1, c: 1 });
  });

  it('of a class of the application are of that class', () => {
    class Own extends RedisSessionStore {
      override createSession(request: { sessionID: string }, data: object): object {
        return Object.assign(super.createSession(request, data) as object, { own: true });
      }
    }
    const store = new Own({ client: redis.client(), prefix: redis.prefix() });
    const view = store.view();
    expect(view.createSession({ sessionID: freshId() }, { cookie: {} })).toMatchObject({ own: true });
    return store.close();
  });

  it('each serves one middleware', () => {
    const store = redis.store();
    store.generate = () => undefined;
    expect(() => {
      store.generate = () => undefined;
    }).toThrow(/store: serves another session\(\) already: give this one store\.view\(\)/);
    const view = store.view();
    view.generate = () => undefined;
    expect(view.generate).not.toBe(store.generate);
  });
});

describe('the client', () => {
  it('is the one of the application: it stays connected, and keeps no listener', async () => {
    const client = redis.client();
    const listeners = (): number[] => client.eventNames().map((name) => client.listenerCount(name));
    const before = listeners();
    const store = new RedisSessionStore({ client, prefix: redis.prefix() });
    expect(listeners()).not.toEqual(before);
    await store.set(freshId(), newSession({ a: 1 }));
    await store.close();
    expect(listeners()).toEqual(before);
    expect(await client.ping()).toBe('PONG');
    const failure = await store.get(freshId()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });

  it('is required, and other options are refused by their names', () => {
    const client = redis.client();
    const make = (options: object) => () => new RedisSessionStore(options as { client: typeof client });
    expect(make({})).toThrow(/RedisSessionStore\.client: must be a client/);
    expect(make({ client: {} })).toThrow(/RedisSessionStore\.client: must be a client/);
    expect(make({ client, disableTTL: true })).toThrow(/RedisSessionStore\.disableTTL: is no option/);
    expect(make({ client, ttl: 'soon' })).toThrow(/RedisSessionStore\.ttl: must be/);
    expect(make({ client, emitConnection: 1 })).toThrow(
      /RedisSessionStore\.emitConnection: must be true or false/,
    );
  });

  it('a session can be stored at once, in the tick in which the store is made', async () => {
    const store = redis.store();
    const id = freshId();
    const session = newSession({ a: 1 });
    const saved = store.set(id, session);
    session['a'] = 'changed after the call';
    await saved;
    expect(await store.get(id)).toMatchObject({ a: 1 });
  });
});
