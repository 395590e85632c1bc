import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import type { CacheOutage, CacheSubject } from '../../src/testing/index.js';
import { CACHE_OUTAGE_CASES } from '../../src/testing/cache-outage-cases.js';
import { registerCases } from '../../src/testing/test-runner.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { connectTo } from './redis-caches.js';
import { cachesOfTwo } from './redis-processes.js';

const DEADLINE = 300;

const OUTAGES: Readonly<Record<string, (server: RedisServer) => CacheOutage>> = {
  'a Redis that hangs': (server) => ({
    begin: () => server.pause(),
    end: () => server.resume(),
  }),
  'a Redis that is down, and comes back with its data': (server) => ({
    async begin() {
      await server.cli('SAVE');
      await server.kill();
    },
    end: () => server.start(),
  }),
};

const KINDS = { 'without a memory': {}, 'behind memory': { memory: {} } } as const;

describe.each(Object.entries(OUTAGES))('%s', (_, outageOf) => {
  let server: RedisServer;
  let connections: [ManagedConnection, ManagedConnection];

  beforeAll(async () => {
    server = await startRedis();
    const connect = async () => (await connectTo(server.url, { deadline: DEADLINE })).connection;
    connections = [await connect(), await connect()];
  });
  afterAll(async () => {
    await Promise.all(connections.map((one) => one.close()));
    await server.stop();
  });

  for (const [kind, options] of Object.entries(KINDS)) {
    registerCases({ describe, expect, it }, kind, CACHE_OUTAGE_CASES, {
      async open(): Promise<CacheSubject> {
        await eventually(() => expect(connections.every((one) => one.available)).toBe(true), {
          timeout: 15_000,
        });
        return { ...(await cachesOfTwo(connections, options)), outage: () => outageOf(server) };
      },
      capabilities: {},
    });
  }
});
