import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send, type RawReply } from '../http-client.js';
import { startModuleApp, type ModuleApp, type ModuleAppOptions } from '../module-app.js';
import type { Platform } from '../response-app.js';

/** Applications with the response cache on a Redis of their own, started one after the other. */
export interface Neighbours {
  /** Starts an application; it ends with the test. Every response of it says in `Cache-Status` where it comes from. */
  start(options: Omit<ModuleAppOptions, 'platform' | 'redis' | 'keyPrefix'>): Promise<ModuleApp>;
  /** Sends a request, and waits until what came of it is stored. */
  ask(path: string, headers?: Record<string, string>, method?: string): Promise<RawReply>;
  /** All values that Redis holds, as one buffer. */
  stored(): Promise<Buffer>;
}

/** To be called in `describe`. */
export function neighbours(platform: Platform): Neighbours {
  let redis: RedisServer;
  let app: ModuleApp | undefined;
  let apps = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  return {
    async start(options) {
      await redis.cli('FLUSHALL');
      apps += 1;
      const http = { cacheStatus: true, ...options.http };
      app = await startModuleApp({ ...options, http, platform, redis: redis.url, keyPrefix: `app${apps}` });
      return app;
    },
    async ask(path, headers = {}, method = 'GET') {
      const { url, drain } = app as ModuleApp;
      const reply = await send(url, path, { headers, method });
      await drain();
      return reply;
    },
    async stored() {
      const values: Buffer[] = [];
      for (const key of (await redis.raw('KEYS', '*')) as Buffer[]) {
        if ((await redis.cli('TYPE', key)) === 'string') values.push((await redis.raw('GET', key)) as Buffer);
        else values.push(Buffer.from(JSON.stringify(await redis.cli('HGETALL', key))));
      }
      return Buffer.concat(values);
    },
  };
}

/** What the response cache says it did: `hit`, `stored`, or what it was asked for and did not store. */
export function cacheSays({ headers }: RawReply): string {
  const said = String(headers['cache-status'] ?? 'nothing').replace(/^[^;]*; /, '');
  return said.startsWith('hit') ? 'hit' : said;
}

/** The members of `Vary`, lower-cased, in order; every name once. */
export function varies({ headers }: RawReply): string[] {
  const names = (headers.vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  const members = names.filter((name) => name !== '').toSorted();
  expect(members).toEqual([...new Set(members)]);
  return members;
}
