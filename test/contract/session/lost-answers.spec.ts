import { describe, expect, it } from 'vitest';
import { RedisUnavailableError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import type { Baseline } from '../../../src/session/record/session-record.js';
import { ENTER } from '../../../src/session/storage/redis-index-scripts.js';
import { FREEZE, MERGE } from '../../../src/session/storage/redis-session-scripts.js';
import { eventually } from '../../support/eventually.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection, type HeldCall } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf, stored, type TestStorage } from './session-storages.js';

const redis = new SharedRedis();
const LOST = new RedisUnavailableError('default', 'no answer');

/** What becomes of a call that is not answered. */
const FATES: [string, (call: HeldCall) => unknown][] = [
  ['carried out', (call) => call.lose(LOST)],
  ['lost', (call) => call.fail(LOST)],
];

/** Two processes with the same sessions: calls of the first one can be lost. */
function twoProcesses(options: Parameters<typeof openStorage>[1] = {}) {
  const given = { prefix: newPrefix(), ...options };
  const { connection, hold } = heldConnection(redis.connection);
  return { hold, unlucky: openStorage(connection, given), subject: openStorage(redis.connection, given) };
}

/** The keys of the session itself. */
function isOf(id: string): (keys: readonly string[]) => boolean {
  return (keys) => keys.some((key) => key.endsWith(`:id:${handleOf(id)}`) || key.endsWith(id));
}

/** Writes, and has no answer. */
async function writeUnanswered(
  { hold, unlucky }: ReturnType<typeof twoProcesses>,
  id: string,
  write: { readonly draft: ReturnType<typeof draft>; readonly baseline: Baseline },
  fate: (call: HeldCall) => unknown,
): Promise<void> {
  const held = hold(isOf(id));
  const written = unlucky.storage.update(handleOf(id), write.draft, write.baseline);
  const failure = failureOf(written);
  await fate(await held);
  expect(await failure).toBe(LOST);
}

/** What a promise fails with, which nobody has to wait for yet. */
function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function fieldsOf(subject: TestStorage, id: string): Promise<unknown> {
  return (await recordOf(subject, id)).fields;
}

describe.each([
  ['sessions', {}],
  ['sessions in the format of connect-redis', { migrate: 'dual' as const }],
])('a write to %s', (_, options) => {
  it.each(FATES)('that was %s without an answer is undone by the next one', async (_name, fate) => {
    const processes = twoProcesses(options);
    const id = await stored(processes.subject, { kept: 1, a: 'old', gone: 1 });
    const { baseline } = await recordOf(processes.unlucky, id);
    const lost = draft({ kept: 1, a: 'new', more: 1 });
    await writeUnanswered(processes, id, { draft: lost, baseline }, fate);
    expect(baseline.unsure).toBeDefined();
    const { storage } = processes.unlucky;
    await storage.update(handleOf(id), draft({ kept: 1, a: 'old', gone: 1 }), baseline);
    expect(await fieldsOf(processes.subject, id)).toEqual({ kept: 1, a: 'old', gone: 1 });
    expect(baseline.unsure).toBeUndefined();
  });

  it.each(FATES)('that was %s without an answer leaves what others write', async (_name, fate) => {
    const processes = twoProcesses(options);
    const id = await stored(processes.subject, { a: 'old', theirs: 1 });
    const { baseline } = await recordOf(processes.unlucky, id);
    await writeUnanswered(processes, id, { draft: draft({ a: 'new', theirs: 1 }), baseline }, fate);
    await writeUnanswered(processes, id, { draft: draft({ a: 'old', theirs: 1, b: 1 }), baseline }, fate);
    const other = await recordOf(processes.subject, id);
    const theirs = { ...other.fields, theirs: 2 };
    await processes.subject.storage.update(handleOf(id), draft(theirs), other.baseline);
    await processes.unlucky.storage.update(handleOf(id), draft({ a: 'old', theirs: 1 }), baseline);
    expect(await fieldsOf(processes.subject, id)).toEqual({ a: 'old', theirs: 2 });
  });
});

describe('a write beside others', () => {
  const deadline = 50;

  /** A write of `a` that has met the one of somebody else, and is on its way for longer than the deadline. */
  async function late() {
    const prefix = newPrefix();
    const { connection, hold } = heldConnection(redis.connection);
    const slow = openStorage({ ...connection, deadline }, { prefix });
    const subject = openStorage(redis.connection, { prefix });
    const id = await stored(subject, {});
    const { baseline } = await recordOf(slow, id);
    await writeTo(subject, id, { theirs: 1 });
    const underway = async (): Promise<HeldCall> => {
      const call = await hold((_keys, script) => script === MERGE);
      const since = await redisTime();
      await eventually(async () => expect(await redisTime()).toBeGreaterThan(since + deadline));
      return call;
    };
    const first = underway();
    const write = slow.storage.update(handleOf(id), draft({ a: 'slow' }), baseline);
    return { subject, id, write, call: await first, underway };
  }

  async function writeTo(subject: TestStorage, id: string, fields: Record<string, unknown>): Promise<void> {
    const record = await recordOf(subject, id);
    await subject.storage.update(handleOf(id), draft({ ...record.fields, ...fields }), record.baseline);
  }

  /** Milliseconds since the epoch by the clock of Redis. */
  async function redisTime(): Promise<number> {
    const [seconds, micros] = (await redis.server.cli('TIME')) as [string, string];
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  }

  it('is not done any more when nobody waits for it, so that it undoes no later one', async () => {
    const { subject, id, write, call } = await late();
    call.fail(LOST);
    await expect(write).rejects.toBe(LOST);
    await writeTo(subject, id, { a: 'later' });
    await call.release();
    expect(await fieldsOf(subject, id)).toEqual({ theirs: 1, a: 'later' });
  });

  it('begins anew where somebody still waits for it', async () => {
    const { subject, id, write, call } = await late();
    await call.release();
    expect(await write).toBe('merged');
    expect(await fieldsOf(subject, id)).toEqual({ theirs: 1, a: 'slow' });
  });

  it('that is late each time is unavailable, and changes nothing', async () => {
    const { subject, id, write, call, underway } = await late();
    const failure = failureOf(write);
    const [second, third] = [underway(), underway()];
    await call.release();
    for (const next of [second, third]) await (await next).release();
    expect(await failure).toBeInstanceOf(RedisUnavailableError);
    expect(await fieldsOf(subject, id)).toEqual({ theirs: 1 });
  });
});

describe('a login that is not answered', () => {
  it.each(FATES)('and was %s is undone by the next write', async (_, fate) => {
    const processes = twoProcesses();
    const { storage } = processes.subject;
    const ann = storage.userKeyOf('ann');
    const id = await stored(processes.subject, {});
    const { baseline } = await recordOf(processes.unlucky, id);
    await writeUnanswered(processes, id, { draft: draft({ user: 'ann' }), baseline }, fate);
    await processes.unlucky.storage.update(handleOf(id), draft({}), baseline);
    expect((await recordOf(processes.subject, id)).userKey).toBeUndefined();
    expect(await storage.count(ann)).toBe(0);
    expect(await storage.list(ann)).toEqual([]);
  });
});

describe('an own idle time that is not answered', () => {
  it.each(FATES)('and was %s is undone by the next write', async (_, fate) => {
    const processes = twoProcesses({ ttl: 600_000 });
    const id = await stored(processes.subject, {});
    const { baseline } = await recordOf(processes.unlucky, id);
    await writeUnanswered(processes, id, { draft: draft({}, 3_600_000), baseline }, fate);
    await processes.unlucky.storage.update(handleOf(id), draft({}), baseline);
    const record = await recordOf(processes.subject, id);
    expect(record.baseline.maxAge).toBeUndefined();
    expect(record.baseline.deadline).toBeLessThan(redis.connection.now() + 600_001);
  });
});

describe('a rotation', () => {
  const grace = [0, 5_000];

  it.each(FATES.flatMap(([name, fate]) => grace.map((time) => [name, time, fate] as const)))(
    'whose last step was %s without an answer is done (grace: %i)',
    async (_, time, fate) => {
      const { hold, unlucky, subject } = twoProcesses();
      const [id, to] = [await stored(subject, { user: 'ann' }), newSessionId()];
      const held = hold((_keys, script) => script === FREEZE);
      const rotated = unlucky.storage.rotate(id, to, draft({ user: 'ann' }), time);
      await fate(await held);
      expect(await rotated).toBeDefined();
      expect(await fieldsOf(subject, to)).toEqual({ user: 'ann' });
      const old = await subject.storage.read(id);
      expect(old?.frozen).toBe(time > 0 ? true : undefined);
      expect(unlucky.events.map(({ type }) => type)).toEqual(['rotated']);
    },
  );

  it.each(FATES)('of which nobody knows whether it was done ends no session: %s', async (_, fate) => {
    const { hold, unlucky, subject } = twoProcesses();
    const [id, to] = [await stored(subject, { user: 'ann' }), newSessionId()];
    const held = hold((_keys, script) => script === FREEZE);
    const rotated = unlucky.storage.rotate(id, to, draft({ user: 'ann' }), 5_000);
    const failure = failureOf(rotated);
    const first = await held;
    const again = hold((_keys, script) => script === FREEZE);
    await fate(first);
    (await again).fail(new Error('LOADING'));
    expect(await failure).toBe(LOST);
    expect(await subject.storage.read(to)).toBeDefined();
    expect(await subject.storage.read(id)).toBeDefined();
  });
});

it('a session that cannot be noted leaves nothing with its user either', async () => {
  const { hold, unlucky, subject } = twoProcesses();
  const { storage } = subject;
  const id = newSessionId();
  const held = hold((_keys, script) => script === ENTER);
  const created = unlucky.storage.create(id, draft({ user: 'ann' }));
  const failure = failureOf(created);
  const full = new Error('OOM');
  (await held).fail(full);
  expect(await failure).toBe(full);
  expect(await storage.read(id)).toBeUndefined();
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
});
