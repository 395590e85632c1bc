import { describe, expect, it, onTestFinished } from 'vitest';
import { platforms } from '../../e2e/http/response-app.js';
import { NONSENSE, nonsenseServer, type Since } from './nonsense-server.js';
import { redisOfTest, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };
const SINCE: readonly Since[] = ['its beginning', 'its handshake'];

/** Gathers what nobody has caught until the end of the test. */
function strays(): unknown[] {
  const errors: unknown[] = [];
  const note = (error: unknown) => errors.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  onTestFinished(() => void process.off('uncaughtException', note).off('unhandledRejection', note));
  return errors;
}

const cases = SINCE.flatMap((since) =>
  Object.entries(NONSENSE).map(([name, nonsense]) => [name, since, nonsense] as const),
);

describe.each(platforms)('a server that talks nonsense in the place of Redis, under %s', (platform) => {
  async function open(connection: object) {
    const errors = strays();
    const redis = await redisOfTest();
    const server = await nonsenseServer(redis.port);
    const script = new Script();
    const start = () => Site.open({ platform, script, redis: server.url, connection });
    return { errors, redis, server, script, start };
  }

  it.each(cases)(
    '%s, since %s: the application starts, and its handlers answer',
    LIMIT,
    async (_name, since, nonsense) => {
      const { errors, server, script, start } = await open({ connect: 'background' });
      server.talk(nonsense, since);
      const site = await start();
      for (const path of ['/pages/1', '/pages/1', '/pages/2']) await site.pages(path, 6);
      expect(script.runs.length).toBeGreaterThanOrEqual(3);
      await site.change('/pages/1');
      for (const page of await site.pages('/pages/1', 4)) expect(page.version).toBe(2);
      await site.drain();
      expect(server.said).toBeGreaterThan(0);
      server.recover();
      expect((await site.caches('/pages/1')).version).toBe(2);
      expect(errors).toEqual([]);
    },
  );

  it.each(cases)(
    '%s, all at once, and on new connections since %s: handlers answer until Redis is there again',
    LIMIT,
    async (_name, since, nonsense) => {
      const { errors, redis, server, script, start } = await open({ connect: 'required' });
      const site = await start();
      await site.caches('/pages/1');
      const runs = script.runs.length;
      server.talk(nonsense, since);
      for (const page of await site.pages('/pages/1', 20)) expect(page.run).toBeGreaterThan(runs);
      await site.pages('/pages/2', 20);
      await site.change('/pages/1');
      for (const page of await site.pages('/pages/1', 4)) expect(page.version).toBe(2);
      await site.drain();
      expect(server.said).toBeGreaterThan(0);
      server.recover();
      // Some nonsense says that all was done as asked, also what a write makes old.
      await redis.cli('FLUSHALL');
      expect((await site.caches('/pages/1')).version).toBe(2);
      expect(errors).toEqual([]);
    },
  );
});
