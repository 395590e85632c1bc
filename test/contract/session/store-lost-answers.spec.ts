import { expect, it } from 'vitest';
import { RedisUnavailableError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { StoredSessions } from '../../../src/session/stored-sessions.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection, type HeldCall } from './held-connection.js';
import { draft, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();
const LOST = new RedisUnavailableError('default', 'no answer');

/** Sessions as objects, of a process whose calls can be lost. */
function openSessions(options: Parameters<typeof openStorage>[1] = {}) {
  const { connection, hold } = heldConnection(redis.connection);
  const { storage, settings } = openStorage(connection, options);
  const clock = new FakeClock();
  const sessions = new StoredSessions({ storage, connection, settings, clock, starting: () => undefined });
  const holdOf = (id: string) =>
    hold((keys) => keys.some((key) => key.endsWith(handleOf(id)) || key.endsWith(id)));
  return { sessions, storage, holdOf };
}

async function opened(sessions: StoredSessions, id: string): Promise<Record<string, unknown>> {
  return (await sessions.read(id)) as Record<string, unknown>;
}

/** Saves, and has no answer. */
async function saveUnanswered(
  { sessions, holdOf }: ReturnType<typeof openSessions>,
  id: string,
  session: object,
  fate: (call: HeldCall) => unknown,
): Promise<void> {
  const held = holdOf(id);
  const failure = sessions.save(id, session).catch((error: unknown) => error);
  await fate(await held);
  expect(await failure).toBe(LOST);
}

const FATES: [string, (call: HeldCall) => unknown][] = [
  ['carried out', (call) => call.lose(LOST)],
  ['lost', (call) => call.fail(LOST)],
];
const FORMATS = [{}, { migrate: 'dual' as const }];

it.each(FATES.flatMap(([name, fate]) => FORMATS.map((options) => [name, options, fate] as const)))(
  'what a set has changed that was %s without an answer is set back by the next one: %o',
  async (_, options, fate) => {
    const subject = openSessions(options);
    const { sessions, storage } = subject;
    const id = await stored({ storage }, { a: 'old' });
    const session = await opened(sessions, id);
    session['a'] = 'new';
    await saveUnanswered(subject, id, session, fate);
    session['a'] = 'old';
    await sessions.save(id, session);
    expect((await recordOf({ storage }, id)).fields).toEqual({ a: 'old' });
  },
);

it.each(FATES)('a first set that was %s without an answer can be repeated', async (_, fate) => {
  const subject = openSessions();
  const { sessions, storage } = subject;
  const id = newSessionId();
  const session = { a: 1 };
  await saveUnanswered(subject, id, session, fate);
  await sessions.save(id, Object.assign(session, { b: 1 }));
  expect((await recordOf({ storage }, id)).fields).toEqual({ a: 1, b: 1 });
  expect(await storage.count()).toBe(1);
});

it('a set stores what the object was when it was called, though another one is not answered yet', async () => {
  const { sessions, storage, holdOf } = openSessions();
  const id = await stored({ storage }, { a: 0 });
  const session = await opened(sessions, id);
  const held = holdOf(id);
  const first = sessions.save(id, Object.assign(session, { a: 1, inner: { b: 1 } }));
  const call = await held;
  const second = sessions.save(id, Object.assign(session, { a: 2, inner: { b: 2 } }));
  Object.assign(session['inner'] as object, { b: 3 });
  session['a'] = 3;
  await call.release();
  await Promise.all([first, second]);
  expect((await recordOf({ storage }, id)).fields).toEqual({ a: 2, inner: { b: 2 } });
});

it('what others write while a set is not answered stays', async () => {
  const subject = openSessions();
  const { sessions, storage } = subject;
  const id = await stored({ storage }, { a: 0, theirs: 0 });
  const session = await opened(sessions, id);
  await saveUnanswered(subject, id, Object.assign(session, { a: 1 }), (call) => call.lose(LOST));
  const other = await recordOf({ storage }, id);
  await storage.update(handleOf(id), draft({ a: 1, theirs: 1 }, other.baseline.maxAge), other.baseline);
  await sessions.save(id, Object.assign(session, { a: 0 }));
  expect((await recordOf({ storage }, id)).fields).toEqual({ a: 0, theirs: 1 });
});
