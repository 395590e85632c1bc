import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { afterAll, beforeAll } from 'vitest';
import type { SharedRedis } from '../redis-caches.js';
import { newPrefix } from './session-storages.js';

export const HOUR = 3_600_000;

/** The store of a process that was not migrated yet. */
export interface OldProcess {
  readonly prefix: string;
  get(id: string): Promise<Record<string, unknown> | null>;
  set(id: string, session: object): Promise<void>;
}

/** Makes stores of connect-redis, each with a prefix of its own, on one client of its own. */
export function oldProcessesOn(redis: SharedRedis): () => OldProcess {
  let client: ReturnType<typeof createClient>;
  beforeAll(async () => {
    client = createClient({ url: redis.server.url });
    await client.connect();
  });
  afterAll(() => client.destroy());
  return () => {
    const prefix = `${newPrefix()}-old:`;
    const store = new RedisStore({ client, prefix });
    return {
      prefix,
      get: (id) => store.get(id) as Promise<Record<string, unknown> | null>,
      set: async (id, session) => void (await store.set(id, session as never)),
    };
  };
}

/** What express-session keeps of a cookie. */
export function cookie(age: number | null = HOUR): object {
  const expires = age === null ? null : new Date(Date.now() + age).toISOString();
  return { originalMaxAge: age, expires, httpOnly: true, path: '/' };
}
