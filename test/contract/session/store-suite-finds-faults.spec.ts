import { RedisStore } from 'connect-redis';
import expressSession from 'express-session';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  sessionStoreConformance,
  type SessionStoreSubject,
  type TriedSessionStore,
} from '../../../src/testing/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { WholeBlobStore } from './whole-blob-store.js';

/** What every store loses that writes a session as a whole. */
const LOST_AND_REVIVED = [
  '2 requests at the same time that set different fields lose none of them',
  '8 requests at the same time that set different fields lose none of them',
  '64 requests at the same time that set different fields lose none of them',
  'a field that one request removes stays removed when another one sets another field',
  'of two requests that set the same field the last one wins, and their other fields stay',
  'a request that has changed nothing undoes nothing, whether it stores or touches the session',
  'what another request stores between two saves of one request stays',
  'a session that is ended while a request writes stays ended',
  'a session that is ended while a request reads stays ended, whether that stores or touches it',
  'a session whose first request still stores it can be ended for good',
  'a session whose time has passed while a request wrote is not brought back',
  'clear ends the sessions of requests that still write',
];
const STALE =
  'a session that was touched and is stored before its request ends keeps the life that it was given';

/** The titles of the tests that fail. */
async function failuresOf(open: () => SessionStoreSubject): Promise<string[]> {
  const tests: [title: string, body: () => Promise<void>][] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => tests.push([title, body]),
    expect,
  };
  sessionStoreConformance(runner, { name: 'broken', open });
  const failures: string[] = [];
  for (const [title, body] of tests) await body().catch(() => failures.push(title));
  return failures;
}

function subject(store: TriedSessionStore): SessionStoreSubject {
  return { store, others: store, pass: (milliseconds) => sleep(milliseconds) };
}

describe('a store that writes sessions as a whole', () => {
  it('fails for what it loses and brings back, and for its time', async () => {
    const failures = await failuresOf(() => subject(new WholeBlobStore()));
    const untimed = 'a session ends when its time has passed, to the millisecond';
    expect(failures.toSorted()).toEqual([...LOST_AND_REVIVED, untimed].toSorted());
  });

  it('fails for objects that requests share', async () => {
    const failures = await failuresOf(() => subject(new WholeBlobStore(new Map(), 'shared')));
    expect(failures).toContain('a session that is changed without being stored is not changed for others');
  });

  it('fails for an end that it never renews', async () => {
    const failures = await failuresOf(() => subject(new WholeBlobStore(new Map(), 'staleExpires')));
    expect(failures).toContain(STALE);
  });

  it("is what express-session's own store is", async () => {
    const failures = await failuresOf(() => subject(new expressSession.MemoryStore()));
    expect(failures.toSorted()).toEqual(LOST_AND_REVIVED.toSorted());
  });
});

describe('connect-redis', () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  let prefixes = 0;

  beforeAll(async () => {
    server = await startRedis();
    client = createClient({ url: server.url });
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  it('writes sessions as a whole, counts seconds, and reads an end that has passed long ago', async () => {
    const failures = await failuresOf(() => {
      const store = new RedisStore({ client, prefix: `test${++prefixes}:` });
      return subject(store);
    });
    expect(failures).toEqual(expect.arrayContaining([...LOST_AND_REVIVED, STALE]));
    expect(failures).toContain('a session ends when its time has passed, to the millisecond');
  });
});
