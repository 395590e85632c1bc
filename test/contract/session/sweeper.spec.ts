import { expect, test } from 'vitest';
import { RedisUnavailableError } from '../../../src/errors.js';
import type { RedisConnection } from '../../../src/connection/connection.js';
import { handleOf } from '../../../src/session/record/session-ids.js';
import { FORGET } from '../../../src/session/storage/redis-index-scripts.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { eventually } from '../../support/eventually.js';
import { SharedRedis } from '../redis-caches.js';
import { newPrefix, openStorage, stored, type TestStorage } from './session-storages.js';

const redis = new SharedRedis();

/** A storage that looks for what has expired when its clock is moved. */
function sweeping(
  connection: RedisConnection,
  prefix: string,
): TestStorage & { sweep(): void; sleeping(): boolean } {
  const clock = new FakeClock();
  const subject = openStorage(connection, { prefix, clock });
  subject.storage.start();
  return { ...subject, sweep: () => clock.advance(60_000), sleeping: () => clock.pending === 1 };
}

/** Makes the time of a session pass. */
async function expire({ keys }: TestStorage, id: string): Promise<void> {
  await redis.server.cli('DEL', keys.session(handleOf(id)));
  await makeOverdue(keys, id);
}

async function makeOverdue(keys: TestStorage['keys'], id: string, score = 1_000): Promise<void> {
  await redis.server.cli('ZADD', keys.registryOf(handleOf(id)), score, handleOf(id));
}

async function registered({ keys }: TestStorage, id: string): Promise<boolean> {
  return (await redis.server.cli('ZSCORE', keys.registryOf(handleOf(id)), handleOf(id))) !== null;
}

function expired({ events }: TestStorage): string[] {
  return events.flatMap((event) => (event.type === 'expired' ? [event.handle] : []));
}

test('what has expired is told once, by one of two processes, and is forgotten', async () => {
  const prefix = newPrefix();
  const processes = [sweeping(redis.connection, prefix), sweeping(redis.connection, prefix)] as const;
  const [one, other] = processes;
  const ids = await Promise.all(Array.from({ length: 600 }, () => stored(one)));
  const alive = await stored(one);
  await Promise.all(ids.map((id) => expire(one, id)));
  for (const { sweep } of processes) sweep();
  await eventually(async () => expect(await redis.server.cli('EXISTS', one.keys.sweep)).toBe(1));
  await eventually(() => expect([...expired(one), ...expired(other)]).toHaveLength(600));
  await Promise.all(processes.map(({ storage }) => storage.close()));
  expect(new Set([...expired(one), ...expired(other)])).toEqual(new Set(ids.map(handleOf)));
  expect(expired(one).length === 0 || expired(other).length === 0).toBe(true);
  expect(await registered(one, ids[0] as string)).toBe(false);
  expect(await one.storage.read(alive)).toBeDefined();
  expect(await one.storage.count()).toBe(1);
});

test('a session that lives longer than is noted is kept, and noted anew, for its user too', async () => {
  const subject = sweeping(redis.connection, newPrefix());
  const { storage, keys } = subject;
  const ann = storage.userKeyOf('ann');
  const id = await stored(subject, { user: 'ann' });
  await makeOverdue(keys, id);
  await redis.server.cli('DEL', keys.user(ann));
  expect(await storage.count()).toBe(0);
  subject.sweep();
  await eventually(async () => expect(await storage.count(ann)).toBe(1));
  expect(await storage.count()).toBe(1);
  await storage.close();
  expect(expired(subject)).toEqual([]);
});

test('one whose process ends after it has told is told again by another', async () => {
  const prefix = newPrefix();
  const dying: RedisConnection = {
    ...forward(redis.connection),
    evaluate: (script, keys, args) =>
      script === FORGET
        ? Promise.reject(new RedisUnavailableError('default', 'the process has ended'))
        : redis.connection.evaluate(script, keys, args),
  };
  const first = sweeping(dying, prefix);
  const second = sweeping(redis.connection, prefix);
  const id = await stored(second);
  await expire(second, id);
  first.sweep();
  await eventually(() => expect(expired(first)).toEqual([handleOf(id)]));
  await first.storage.close();
  expect(await registered(second, id)).toBe(true);
  await redis.server.cli('DEL', second.keys.sweep);
  second.sweep();
  await eventually(() => expect(expired(second)).toEqual([handleOf(id)]));
  await second.storage.close();
  expect(await registered(second, id)).toBe(false);
});

test('one that was ended is not told as expired', async () => {
  const subject = sweeping(redis.connection, newPrefix());
  const { storage, keys } = subject;
  const [ended, gone] = [await stored(subject), await stored(subject)];
  await storage.destroy(ended, 'logout');
  // As if its process had ended before it took the entry out.
  await makeOverdue(keys, ended);
  await expire(subject, gone);
  subject.sweep();
  await eventually(() => expect(expired(subject)).toContain(handleOf(gone)));
  await storage.close();
  expect(expired(subject)).toEqual([handleOf(gone)]);
});

test('one that has expired is told, though somebody tries to end it before', async () => {
  const subject = sweeping(redis.connection, newPrefix());
  const { storage, keys } = subject;
  const [late, other] = [await stored(subject), await stored(subject)];
  await expire(subject, late);
  await expire(subject, other);
  expect(await storage.destroy(late, 'logout')).toBe(false);
  subject.sweep();
  await eventually(() => expect(expired(subject)).toEqual([handleOf(other)]));
  await eventually(async () => expect(await registered(subject, other)).toBe(false));
  // A minute passes.
  await redis.server.cli('DEL', keys.session(handleOf(late)), keys.sweep);
  await eventually(() => expect(subject.sleeping()).toBe(true));
  subject.sweep();
  await eventually(() => expect(expired(subject)).toEqual([handleOf(other), handleOf(late)]));
  await storage.close();
});

test('it goes on after Redis was away', async () => {
  const clock = new FakeClock();
  let away = true;
  const flaky: RedisConnection = {
    ...forward(redis.connection),
    request: (command) =>
      away ? Promise.reject(new RedisUnavailableError('default', 'away')) : redis.connection.request(command),
  };
  const subject = openStorage(flaky, { clock });
  const id = await stored(subject);
  await expire(subject, id);
  subject.storage.start();
  clock.advance(60_000);
  await eventually(() => expect(clock.pending).toBe(1));
  away = false;
  clock.advance(60_000);
  await eventually(() => expect(expired(subject)).toEqual([handleOf(id)]));
  await subject.storage.close();
  expect(clock.pending).toBe(0);
});

function forward(connection: RedisConnection): RedisConnection {
  return {
    name: connection.name,
    deadline: connection.deadline,
    available: true,
    changes: connection.changes,
    now: () => connection.now(),
    onUp: (listener) => connection.onUp(listener),
    request: (command) => connection.request(command),
    pipeline: (commands) => connection.pipeline(commands),
    evaluate: (script, keys, args) => connection.evaluate(script, keys, args),
    scan: (glob) => connection.scan(glob),
  };
}
