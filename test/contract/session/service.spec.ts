import { filter, map } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { InvalidOptionsError, SerializationError, SessionGoneError } from '../../../src/errors.js';
import { handleOf } from '../../../src/session/record/session-ids.js';
import { SessionService, type SessionServiceParts } from '../../../src/session/session.service.js';
import type { SessionEvent } from '../../../src/session/storage/session-event.js';
import { SharedRedis } from '../redis-caches.js';
import { draft, newPrefix, openStorage, recordOf, stored, type TestStorage } from './session-storages.js';

const redis = new SharedRedis();

/** Requests as the middleware knows them, with what was asked of it. */
function requests(): SessionServiceParts['requests'] & { readonly calls: unknown[][] } {
  const calls: unknown[][] = [];
  return {
    calls,
    check: (fields) => void calls.push([fields]),
    handle: () => 'the handle',
    rotate: async (...call) => void calls.push(call),
    login: async (...call) => void calls.push(call),
  };
}

function serviceOn(subject: TestStorage, more: Partial<SessionServiceParts> = {}): SessionService {
  const { storage, settings } = subject;
  const listen = () => () => undefined;
  return new SessionService({ storage, settings, requests: requests(), clock: systemClock, listen, ...more });
}

test('a change is not stored with what no session of a request can hold', async () => {
  const subject = openStorage(redis.connection, { ttl: '1h' });
  const check = (fields: object): void => {
    if ('save' in fields) throw new SerializationError('"save"');
  };
  const service = serviceOn(subject, { requests: { ...requests(), check } });
  const handle = handleOf(await stored(subject, { user: 'ann', cart: [1] }));
  await expect(service.update(handle, (fields) => void (fields['save'] = 1))).rejects.toThrow(
    SerializationError,
  );
  expect((await service.get(handle))?.fields).toEqual({ user: 'ann', cart: [1] });
});

test('sessions are listed and read without their ids', async () => {
  const subject = openStorage(redis.connection, { ttl: '1h' });
  const service = serviceOn(subject);
  const id = await stored(subject, { user: 'ann', cart: [1] });
  const [info] = await service.list('ann');
  const handle = handleOf(id);
  expect(info).toEqual({
    handle,
    createdAt: expect.any(Number),
    lastSeenAt: expect.any(Number),
    expiresAt: expect.any(Number),
    device: undefined,
  });
  const life = Number(info?.expiresAt) - Number(info?.createdAt);
  expect(life).toBeGreaterThan(3_000_000);
  expect(await service.get(handle)).toMatchObject({ handle, fields: { user: 'ann', cart: [1] } });
  expect([await service.count(), await service.count('ann'), await service.count('bob')]).toEqual([1, 1, 0]);
  const walked: string[] = [];
  for await (const one of service) walked.push(one);
  expect(walked).toEqual([handle]);
});

test('sessions are ended by handles, one or all but one of a user', async () => {
  const subject = openStorage(redis.connection);
  const service = serviceOn(subject);
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => stored(subject, { user: 'ann' })));
  expect(await service.destroy(handleOf(one as string))).toBe(true);
  expect(await service.destroy(handleOf(one as string))).toBe(false);
  expect(await service.destroyAll('ann', { except: handleOf(two as string) })).toBe(1);
  expect(await service.get(handleOf(three as string))).toBeUndefined();
  expect(await service.count('ann')).toBe(1);
});

test('a handle that can be none names no session, and leaves nothing in Redis', async () => {
  const subject = openStorage(redis.connection);
  const service = serviceOn(subject);
  for (const handle of ['', '*', 'x'.repeat(44), `${'x'.repeat(42)}\n`]) {
    expect(await service.get(handle)).toBeUndefined();
    expect(await service.destroy(handle)).toBe(false);
    await expect(service.update(handle, () => undefined)).rejects.toThrow(SessionGoneError);
  }
  expect(await redis.server.cli('KEYS', `${subject.settings.prefix}:*`)).toEqual([]);
});

test('a list in a session loses nothing when several processes add to it', async () => {
  const prefix = newPrefix();
  const processes = [1, 2, 3].map(() => openStorage(redis.connection, { prefix }));
  const services = processes.map((one) => serviceOn(one));
  const handle = handleOf(await stored(processes[0] as TestStorage, { user: 'ann', cart: [] }));
  const add = (service: SessionService, article: string): Promise<unknown> =>
    service.update(handle, (fields) => void (fields['cart'] as string[]).push(article));
  const articles = Array.from({ length: 30 }, (_, at) => `a${at}`);
  await Promise.all(articles.map((one, at) => add(services[at % 3] as SessionService, one)));
  const cart = (await services[0]?.get(handle))?.fields['cart'] as string[];
  expect(cart.toSorted()).toEqual(articles.toSorted());
});

test('a change is begun anew when a request writes in between, and what it gives is what is stored', async () => {
  const subject = openStorage(redis.connection);
  const service = serviceOn(subject);
  const id = await stored(subject, { count: 1, list: [1] });
  const { baseline } = await recordOf(subject, id);
  let runs = 0;
  const result = await service.update(handleOf(id), async (fields) => {
    runs += 1;
    if (runs === 1) await subject.storage.update(handleOf(id), draft({ count: 1, list: [1, 2] }), baseline);
    return { ...fields, list: [...(fields['list'] as number[]), 9], none: undefined };
  });
  expect(runs).toBe(2);
  expect(result).toEqual({ count: 1, list: [1, 2, 9] });
  expect((await service.get(handleOf(id)))?.fields).toEqual(result);
});

test('a session that was ended, or whose user would be another one, is not changed', async () => {
  const subject = openStorage(redis.connection);
  const service = serviceOn(subject);
  const id = await stored(subject, { user: 'ann' });
  const handle = handleOf(id);
  await expect(service.update(handle, () => ({ user: 'bob' }))).rejects.toThrow(InvalidOptionsError);
  const ended = service.update(handle, async (fields) => {
    await subject.storage.destroy(id, 'logout');
    fields['a'] = 1;
  });
  await expect(ended).rejects.toThrow(SessionGoneError);
  await expect(service.update(handle, () => undefined)).rejects.toThrow(SessionGoneError);
  expect(await service.get(handle)).toBeUndefined();
});

test('what needs a request goes to the middleware', async () => {
  const subject = openStorage(redis.connection);
  const middleware = requests();
  const service = serviceOn(subject, { requests: middleware });
  const request = {};
  const attempt = await service.beginLogin('ann');
  await service.login(request, { user: 'ann' }, attempt);
  await service.rotate(request, { grace: '10s' });
  await service.rotate(request);
  expect(middleware.calls).toEqual([
    [request, { user: 'ann' }, attempt],
    [request, 10_000],
    [request, 0],
  ]);
  expect(service.handleOf(request)).toBe('the handle');
});

test.each<[string, (service: SessionService) => unknown, string]>([
  ['a user', (one) => one.list(5 as never), 'userId: must be a string that is not empty, received 5'],
  ['an empty user', (one) => one.destroyAll(''), 'userId: must be a string that is not empty'],
  ['a handle', (one) => one.get(null as never), 'handle: must be a string, received null'],
  [
    'except',
    (one) => one.destroyAll('ann', { except: 'x' }),
    'options.except: must be the handle of a session',
  ],
  ['a change', (one) => one.update('x', {} as never), 'change: must be a function'],
  [
    'a grace',
    (one) => one.rotate({}, { grace: '2h' }),
    'options.grace: must be from 0 to one hour, received "2h"',
  ],
  ['a request', (one) => one.login(undefined as never, {}), 'request: must be a request'],
  ['fields', (one) => one.login({}, 'ann' as never), 'fields: must be an object'],
  ['an attempt', (one) => one.login({}, {}, {} as never), 'attempt: must be what beginLogin() gave'],
])('a wrong argument is said: %s', async (_, call, message) => {
  const service = serviceOn(openStorage(redis.connection));
  await expect(async () => call(service)).rejects.toThrow(message);
});

test('without userId, whoever asks for a user is told so', async () => {
  const subject = openStorage(redis.connection, { userId: undefined as never });
  const service = serviceOn(subject);
  for (const call of [
    service.list('a'),
    service.count('a'),
    service.destroyAll('a'),
    service.beginLogin('a'),
  ]) {
    await expect(call).rejects.toThrow('session.userId: is needed');
  }
  expect(await service.count()).toBe(0);
});

test('a subscriber that throws ends neither the others nor the process, behind operators neither', () => {
  const listeners = new Set<(event: SessionEvent) => void>();
  const warnings: unknown[] = [];
  const { emitWarning } = process;
  process.emitWarning = (warning: unknown) => void warnings.push(warning);
  onTestFinished(() => void (process.emitWarning = emitWarning));
  const service = serviceOn(openStorage(redis.connection), {
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const fail = (): never => {
    throw new Error('a bug');
  };
  const seen: string[] = [];
  service.events.subscribe(fail);
  service.events.pipe(filter(() => true)).subscribe({ next: fail });
  service.events.pipe(map(fail)).subscribe();
  const last = service.events.pipe(map(({ handle }) => handle)).subscribe((handle) => void seen.push(handle));
  for (const listener of listeners) listener({ type: 'created', handle: 'one' });
  last.unsubscribe();
  for (const listener of listeners) listener({ type: 'created', handle: 'two' });
  expect(seen).toEqual(['one']);
  expect(warnings).toHaveLength(5);
});
