import { describe, expect, it } from 'vitest';
import { platforms } from '../../e2e/http/response-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { redisOfTest, runsOf, Script, Site } from './site.js';

const REQUESTS = 1_000;

/** What becomes of Redis while a thousand requests wait, and how it comes back. */
const FAULTS: Record<string, (redis: RedisServer) => Promise<() => Promise<void>>> = {
  'is killed': async (redis) => {
    await redis.kill();
    return () => redis.start();
  },
  hangs: async (redis) => {
    redis.pause();
    return async () => redis.resume();
  },
  'restarts empty': async (redis) => {
    await redis.restart();
    return async () => {};
  },
};

describe.each(platforms)('a thousand requests for a cold URL, to two applications on %s', (platform) => {
  it.each(Object.entries(FAULTS))(
    'are all answered though Redis %s while they wait, by few runs of the handler',
    { timeout: 120_000 },
    async (_fault, fault) => {
      const redis = await redisOfTest();
      const script = new Script();
      const site = await Site.open({ platform, script, redis: redis.url });
      await site.caches('/pages/before');
      const before = script.runs.length;
      const release = script.hold();
      const answered = await site.receives(REQUESTS, () => site.pages('/pages/1', REQUESTS));
      await script.began(before + 1);
      const recover = await fault(redis);
      release();
      const pages = await answered();
      expect(pages).toHaveLength(REQUESTS);
      expect(runsOf(pages).length).toBeLessThan(REQUESTS / 4);
      await recover();
      await site.caches('/pages/1');
    },
  );
});
